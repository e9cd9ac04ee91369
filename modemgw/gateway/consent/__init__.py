"""Who may be sent what: decisions are recorded here, and known here without a look into the store.

What is made of them is the rule's business (modemgw.gateway.admission.consent).
"""
