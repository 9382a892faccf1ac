"""The built-in stages, one package each: an agent.py that defines the stage, and pure code that does the work.

Other distributions, such as openai-agents, also install a top-level package of this name, so Rasd needs a virtual
environment of its own. `make setup` creates one.
"""

__distribution__ = "rasd"  # streams.installation looks for this line
