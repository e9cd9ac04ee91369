"""The HTTP door: parse a request, call one verb of the gateway, render the answer.

`modemgw.api.app.create_app` makes the application, `modemgw.api.server.serve` binds and runs it.
This file imports nothing, so that the client and the command line can read the answers' types
without loading a server.
"""
