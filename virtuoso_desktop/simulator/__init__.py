"""A loopback exchange: speaks the venues' protocols, fed by a seeded market or by candle files.

Its encoders are its own and never the program's decoders, so that it stays an independent witness.
"""
