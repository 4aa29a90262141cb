"""Links to dispatch centres and demand-response programmes: what stands behind `voltherd.ports.DispatchPort`.

`iec104` is an IEC 60870-5-104 outstation, `openadr` an OpenADR 3 virtual end node. Each has threads of its own and
hands over what came in when the kernel polls; what came in waits as `messages`, and `mapping` makes events of it.
"""
