"""A run of the log as one HTML file that needs no network, and the same figures as JSON and CSV.

`kinds` says in one word how a problem ended, `attempts` takes what happened out of the log,
`shelf` keeps texts once and short, `data` puts the figures together; `html` makes the page of them
(`page/` has its template, style and scripts), `tables` the CSV.
"""
