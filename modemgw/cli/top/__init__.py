"""`modemgw top`: the gateway as it works, over its API.

`pace` (how fast), `picture` (what there is), `watcher` (keeps looking), `cells` (in words),
`dialogs` and `app` (on the screen), `command`.
"""
