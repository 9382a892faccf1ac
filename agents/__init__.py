"""The stages, one folder each: a thin agent.py beside pure code.

Other distributions ship a top-level package of this name too (openai-agents does): run Rasd in the environment that
`make setup` makes.
"""
