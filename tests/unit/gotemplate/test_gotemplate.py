"""Go templates as swarmkit expands them. What is right and wrong was asked of engines 20.10, 26.1 and 28.5."""

from __future__ import annotations

import pytest

from skep.gotemplate import TemplateError, expand, expand_payload


@pytest.mark.parametrize(
    ("text", "expanded"),
    [
        ("plain }} text", "plain }} text"),
        ("{{.Service.Name}}-{{.Task.Slot}}@{{.Node.Hostname}}", "servicename-1@nodeHostname"),
        ('{{index .Service.Labels "zone"}}', ""),
        ("a {{- .Task.Slot -}} b", "a1b"),
        ("{{/* no */}}x", "x"),
        ("{{- /* no */ -}} x", "x"),
        ('{{join "-" "a" .Service.Name}}', "a-servicename"),
        ("{{range .Service.Labels}}x{{else}}y{{end}}", "y"),
        ("{{if .Task.ID}}a{{else if .Task.Slot}}b{{else}}c{{end}}", "b"),
        ("{{with .Node}}{{.Platform.OS}}{{end}}", "os"),
        ("{{$x := .Task.Slot}}{{$x}}{{$x = 2}}{{$x}}", "12"),
        ('{{define "a"}}<{{.}}>{{end}}{{template "a" .Task.Slot}}', "<1>"),
        ('{{block "c" .Task}}{{.Name}}{{end}}', "taskname"),
        ('{{(print "a" 1) | len}}', "2"),
        ('{{slice .Service.Name 0 7 | printf "%s!"}}', "service!"),
        ("{{or 1 (index nil)}}", "1"),
        ('{{eq .Task.Slot "1" "2"}}', "true"),
        ("{{lt 1 2}}{{not 0}}{{0x1F}}{{'a'}}", "truetrue3197"),
        ("{{`{{.Names}}`}}", "{{.Names}}"),
        ('{{"}}"}}', "}}"),
        ('{{.Expand "{{.Task.Slot}}"}}', "1"),
        ("{{.Service.Labels}}{{print nil}}", "map[]<no value>"),
    ],
)
def test_what_becomes_of_a_template(text: str, expanded: str) -> None:
    assert expand(text) == expanded


@pytest.mark.parametrize(
    "text",
    [
        "{{", "{{}}", "{{ .Task.Slot}", "{{.Names}}", "{{.Service.Labels.zone}}", "{{.Task.Slot.X}}",
        "{{.Node.Labels}}",
        "{{nil}}", "{{1 2}}", "{{1 | print | 2}}", "{{| print}}", "{{print |}}", "{{nope}}", '{{env "A"}}', "{{end}}",
        "{{if true}}", "{{if}}{{end}}", "{{if true}}{{else}}{{else}}{{end}}", "{{range 'x'}}{{end}}", "{{break}}",
        '{{template "a"}}', "{{define}}{{end}}", '{{if 1}}{{define "a"}}{{end}}{{end}}', '{{block "a"}}{{end}}',
        "{{$x}}", "{{$x = 1}}", "{{$x := $x}}", "{{$a, $b := 1}}", "{{range $a, $b, $c := .Service.Labels}}{{end}}",
        '{{"a\nb"}}', '{{"\\q"}}', "{{'ab'}}", "{{08}}", "{{1_}}", "{{.1a}}", "{{true.X}}", "{{(print 1}}",
        "{{print 1)}}",
        "{{printf}}", "{{printf 1}}", "{{join}}", "{{join 1}}", "{{len 1}}", "{{index nil}}",
        "{{index .Service.Name 99}}",
        "{{slice .Service.Name 5 3}}", '{{eq 1 "a"}}', "{{lt true false}}", "{{not}}", "{{call .Expand}}",
        "{{.Task .Node}}",
        "{{.Expand 1}}", "{{-.Task.Slot}}", "{{/* open }}", "{{/* a */ b}}", "{{ä$}}",
        '{{template "a"}}{{define "a"}}{{template "a"}}{{end}}',
        "{{" + "(" * 5000 + "1" + ")" * 5000 + "}}",
    ],
)  # fmt: skip
def test_what_no_engine_expands(text: str) -> None:
    with pytest.raises(TemplateError):
        expand(text)


TARGETS = {"secret": {"key"}, "config": {"/etc/app.conf"}}


@pytest.mark.parametrize(
    "text",
    [
        '{{env "A"}}{{secret "key"}}{{config "/etc/app.conf"}}', "{{.Node.Hostname}}:{{.Task.Slot}}", "plain",
        "{{.Service.Labels.color}}", '{{if eq .Service.Name "x"}}y{{end}}',
    ],
)  # fmt: skip
def test_contents_may_call_more(text: str) -> None:
    expand_payload(text, TARGETS)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("{{nope}}", "nope"), ("{{.Whatever}}", "Whatever"), ('{{secret "other"}}', "secret target other not found"),
        ('{{config "key"}}', "config target key not found"), ("{{secret}}", "wrong number of args"), ("{{", "unclosed"),
    ],
)  # fmt: skip
def test_contents_that_nodes_cannot_expand(text: str, why: str) -> None:
    with pytest.raises(TemplateError, match=why):
        expand_payload(text, TARGETS)


@pytest.mark.parametrize(
    "text", ["{{" * 20_000, "{{print " + "(print " * 20_000, "{{if 1}}" * 20_000, "{{/*" + "*" * 50_000]
)
def test_long_ones_end_soon(text: str) -> None:
    with pytest.raises(TemplateError):
        expand(text)
