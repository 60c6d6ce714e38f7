"""A conversation in virtual time: the gateway's own code, a person from a script, services from dice.

script.py   what a person does, as data; a scenario's repr plays it again
world.py    `simulate(scenario)` plays it and hands back everything that happened
laws.py     what must hold after every scenario
marks.py    each millisecond of the avatar's sound says whose it is
ear.py, mind.py, voice.py, face.py, wire.py     the four services and NATS, with delays as measured
"""
