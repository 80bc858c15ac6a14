"""A page that describes the service, made from its OpenAPI: no scripts, nothing from elsewhere."""

from __future__ import annotations

from html import escape
from typing import Any

PAGE_CSS = """
:root { color-scheme: light dark;
  --ground: #f6f4f0; --card: #fffefb; --ink: #24221f; --faint: #6d6861; --line: #e0dbd2; --accent: #1f6b66; }
@media (prefers-color-scheme: dark) {
  :root { --ground: #191a1b; --card: #222425; --ink: #e9e6e1; --faint: #a19c94; --line: #37393a; --accent: #5dbfb5; }
}
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 860px; padding: 24px 16px 60px; background: var(--ground); color: var(--ink);
  font: 16px/1.5 system-ui, "Segoe UI", Roboto, "Noto Sans", sans-serif; }
section { background: var(--card); border: 1px solid var(--line); border-radius: 12px; padding: 16px 20px; margin-top: 16px; }
h1 { margin: 0; } h2 { margin: 0; font-size: 1.05rem; overflow-wrap: anywhere; } h2 b { color: var(--accent); margin-right: .5em; }
p { margin: .4em 0; } a { color: var(--accent); }
table { border-collapse: collapse; width: 100%; font-size: .92rem; }
td { border-top: 1px solid var(--line); padding: 6px 10px 6px 0; vertical-align: top; } td:first-child { white-space: nowrap; }
pre { overflow-x: auto; background: var(--ground); padding: 10px 12px; border-radius: 8px; font-size: .86rem; }
small { color: var(--faint); }
"""

_EXAMPLE = """curl --data-binary @photo.jpg http://localhost:8643/v1/predict
curl --data-binary @photo.jpg -H 'Accept: image/jpeg' http://localhost:8643/v1/predict -o overlay.jpg
curl -F images=@a.jpg -F images=@b.jpg http://localhost:8643/v1/predict/batch"""


def page(openapi: dict[str, Any]) -> str:
    """HTML with every address, its options and its answers."""
    sections = [
        _section(path, method, operation) for path, methods in openapi["paths"].items() for method, operation in methods.items()
    ]
    info = openapi["info"]
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8"><title>Vitruv service</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1"><link rel="stylesheet" href="/page.css">'
        f"<h1>{escape(info['title'])} <small>{escape(info['version'])}</small></h1><p>{escape(info['description'])}</p>"
        f'<p>Description for programs: <a href="/openapi.json">openapi.json</a></p><pre>{escape(_EXAMPLE)}</pre>'
        f"{''.join(sections)}</html>"
    )


def _section(path: str, method: str, operation: dict[str, Any]) -> str:
    rows = [(f"<code>{escape(p['name'])}</code>", escape(p.get("description", ""))) for p in operation.get("parameters", [])]
    body = ", ".join(operation.get("requestBody", {}).get("content", {}))
    answers = []
    for status, answer in operation["responses"].items():
        kinds = ", ".join(answer.get("content", {}))
        answers.append((escape(status), escape(answer.get("description", "")) + f" <small>{escape(kinds)}</small>"))
    return (
        f"<section><h2><b>{method.upper()}</b>{escape(path)}</h2><p>{escape(operation.get('description', ''))}</p>"
        + (f"<p><small>Body: {escape(body)}</small></p>" if body else "")
        + _table(rows)
        + _table(answers)
        + "</section>"
    )


def _table(rows: list[tuple[str, str]]) -> str:
    if not rows:
        return ""
    return "<table>" + "".join(f"<tr><td>{a}</td><td>{b}</td></tr>" for a, b in rows) + "</table>"
