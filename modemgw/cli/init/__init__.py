"""`modemgw init`: from attached modems to a gateway that runs."""
