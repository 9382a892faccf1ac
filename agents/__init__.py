"""The stages, one folder each: a thin agent.py beside pure code.

Other distributions ship a top-level package of this name too (openai-agents does): run Rasd in an environment of its
own, as `make setup` makes one.
"""

__distribution__ = "rasd"  # streams.installation looks for this line
