"""The retail world that lands files, and the truth about it.

Here: people and what they do, what each source system notices of it, the faults on the way, the
files, and the truth beside them. Not here: how landed files are read (``landing.decode``), what a
source declares (``sources``), the command line (``cli``). Enter through ``simulate.world``.
"""
