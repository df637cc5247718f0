"""The style sheet of a report: one column on a phone, light and dark, printable."""

from .theme import css_variables

__all__ = ["style_sheet"]

RULES = """
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--ink);font:16px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif;
 -webkit-text-size-adjust:100%}
main{max-width:1080px;margin:0 auto;padding:28px 20px 64px}
h1{font-size:1.7rem;line-height:1.2;margin:.1em 0 .2em;overflow-wrap:anywhere}
h2{font-size:1.25rem;margin:2.6em 0 .4em;padding-top:.7em;border-top:1px solid var(--grid)}
h3{font-size:1rem;margin:1.6em 0 .3em}
p{margin:.4em 0 .8em;max-width:76ch}
.muted,figcaption,.sub{color:var(--muted)}
.eyebrow{color:var(--muted);font-size:.85rem;letter-spacing:.02em;margin:0}
.verdict{border:1px solid var(--grid);border-left:6px solid var(--warn);border-radius:8px;padding:14px 18px;margin:18px 0}
.verdict.better{border-left-color:var(--good)}.verdict.not-better{border-left-color:var(--bad)}
.verdict b{display:block;font-size:1.35rem;line-height:1.3}
.verdict p{margin:.35em 0 0}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(155px,1fr));gap:10px;margin:16px 0 8px}
.tile{border:1px solid var(--grid);border-radius:8px;padding:10px 13px}
.tile .name{color:var(--muted);font-size:.85rem}
.tile .big{font-size:1.5rem;font-weight:650;line-height:1.25;font-variant-numeric:tabular-nums}
.tile .sub{font-size:.82rem;line-height:1.4;font-variant-numeric:tabular-nums}
figure{margin:8px 0 0}figcaption{font-size:.88rem;max-width:90ch}
svg{display:block;width:100%;height:auto;overflow:visible}
svg text{font-variant-numeric:tabular-nums}
.narrow{display:none}
.legend{display:flex;flex-wrap:wrap;gap:2px 16px;font-size:.88rem;margin:.3em 0;padding:0;list-style:none}
.legend li{display:flex;align-items:center;gap:6px}
.legend i{display:inline-block;width:16px;height:4px;border-radius:2px}
.legend i.box{height:11px;width:11px;border-radius:3px;opacity:.85}.legend i.pale{opacity:.28}
.legend i.dash{height:0;border-top:2px dashed;border-radius:0;background:none!important}
.scroll{overflow-x:auto;margin:8px 0}
table{border-collapse:collapse;font-size:.9rem;font-variant-numeric:tabular-nums;min-width:100%}
p.sub{font-size:.88rem}
th,td{padding:5px 10px 5px 0;text-align:right;border-bottom:1px solid var(--grid);white-space:nowrap;vertical-align:top}
th:first-child,td:first-child{text-align:left;white-space:normal;min-width:9em}
thead th{color:var(--muted);font-weight:600;vertical-align:bottom}
td.words{text-align:left;white-space:normal}
th.own,td.own{color:var(--policy);font-weight:650}
td .sub{display:block;font-size:.85em;font-weight:400}
table.months{font-size:.8rem;min-width:0}
table.months td,table.months th{padding:4px 6px;text-align:center;border:2px solid var(--paper);border-radius:4px;min-width:3.3em}
table.months th:first-child{min-width:3em;text-align:left}
table.months td.year{font-weight:650}
table.facts td:last-child{text-align:left;white-space:normal;overflow-wrap:anywhere}
ul.notes{padding-left:1.2em;max-width:80ch}ul.notes li{margin:.35em 0}
.good{color:var(--good)}.bad{color:var(--bad)}.warn{color:var(--warn)}
.pair{display:grid;grid-template-columns:minmax(0,1fr) minmax(0,1fr);gap:0 28px}
code{font-size:.9em;overflow-wrap:anywhere}
footer{margin-top:48px;color:var(--muted);font-size:.85rem}
@media(max-width:640px){main{padding:18px 14px 48px}.wide{display:none}.narrow{display:block}
 .pair{grid-template-columns:minmax(0,1fr)}
 h1{font-size:1.4rem}.tiles{grid-template-columns:1fr 1fr;gap:8px}.tile .big{font-size:1.25rem}
 .verdict b{font-size:1.15rem}}
@media print{h2{break-after:avoid}figure,.tiles,table{break-inside:avoid}main{max-width:none}}
"""


def style_sheet() -> str:
    """Return the whole style sheet."""
    return css_variables() + "".join(line.strip() for line in RULES.splitlines())
