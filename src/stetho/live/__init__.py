"""Run files, also those being written → pages that follow them, on this machine alone.

Needs starlette and uvicorn, which `pip install 'stetho[live]'` brings.
"""
