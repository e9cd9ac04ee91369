"""`modemgw send --csv`: a row is a message; all are looked at before any is sent, none twice."""
