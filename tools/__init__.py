"""Makes what is made from the code: dashboards, tables of documents, plots, screenshots. Not part of the wheel."""
