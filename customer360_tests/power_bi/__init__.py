"""A stand-in of the part of Power BI's interface that refreshes one semantic model.

It refuses what the real one is documented to refuse: a second refresh beside one that runs, a body
that it does not know, a path outside the model. Time does not pass in it: a refresh goes on by a
step whenever somebody looks.
"""
