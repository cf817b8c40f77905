"""The dashboard: pages over gold for people who do not write SQL.

Pages are made on the server and need no script: forms are links, charts are SVG. Each page is a
module that reads gold and returns what its template shows; `app` brings them together. Who may see
personal data is in `viewers` and `masking`.
"""
