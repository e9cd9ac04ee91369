"""Whether what is built on this gateway is ready: the SMS API checklist, asked of the gateway."""
