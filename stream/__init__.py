"""The road between the rooms: records, ports, the worker loop, and the log and store adapters.

Everything the other rooms say to each other is one of the records here, carried by one of the ports here. This
room imports nothing of ours.
"""
