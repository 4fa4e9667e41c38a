namespace Ambient.Deploy.Tests.Rendering;

/// <summary>The template language, row by row; expected is what Helm makes of the same.</summary>
public sealed class TemplateTests
{
    internal const string Values = """
        text: hello
        number: 3
        no: false
        many: 1000000
        empty: ""
        list: [a, b]
        none: []
        map: {z: 1, a: two}
        deep: {inner: {leaf: x, list: [{name: one, size: 1}, {name: two}]}}
        odd: {"12": "007", "yes": "on", colon: "a: b", multi: "x\ny", tilde: "~", path: /a/b.c}
        """;

    public static TheoryData<string, string> Rows { get; } = new()
    {
        { "a: {{ .Values.text }}", "a: hello" },
        { "a: {{ .Values.deep.inner.leaf | quote }}", "a: \"x\"" },
        { "a: {{ .Values.number }}", "a: 3" },
        { "a: {{ quote .Values.number }}", "a: \"3\"" },
        { "a: {{ .Values.empty | default \"other\" }}", "a: other" },
        { "a: {{ .Values.missing | default .Values.text }}", "a: hello" },
        { "a: {{ .Chart.Name }}-{{ .Chart.AppVersion }} {{ .Release.Name }} {{ .Release.Namespace }}", "a: test-4.5 release there" },
        { "a:{{/* not here */}} b", "a: b" },
        { "a:\n  {{- \" x\" }}\n", "a: x" },
        { "a: {{ \"x\" -}}\n  b", "a: xb" },
        { "{{ if .Values.text }}yes{{ else }}no{{ end }}", "yes" },
        { "{{ if .Values.no }}1{{ else if .Values.empty }}2{{ else if .Values.none }}3{{ else }}4{{ end }}", "4" },
        { "{{ if .Values.no }}1{{ else if .Values.text }}2{{ else }}3{{ end }}", "2" },
        { "{{ if and .Values.text (not .Values.no) }}both{{ end }}", "both" },
        { "{{ if or .Values.no .Values.none }}one{{ else }}neither{{ end }}", "neither" },
        { "{{ if eq .Values.text \"x\" \"hello\" }}same{{ end }}", "same" },
        { "{{ if ne (int .Values.number) 3 }}other{{ else }}same{{ end }}", "same" },
        { "{{ with .Values.deep.inner }}{{ .leaf }}{{ $.Values.text }}{{ end }}", "xhello" },
        { "{{ with .Values.none }}some{{ else }}{{ .Values.text }}{{ end }}", "hello" },
        { "{{ range .Values.list }}[{{ . }}]{{ end }}", "[a][b]" },
        { "{{ range $i, $v := .Values.list }}{{ if $i }},{{ end }}{{ $v }}{{ end }}", "a,b" },
        { "{{ range $k, $v := .Values.map }}{{ $k }}={{ $v }};{{ end }}", "a=two;z=1;" },
        { "{{ range .Values.none }}x{{ else }}nothing{{ end }}", "nothing" },
        { "{{ $x := .Values.text }}{{ range .Values.list }}{{ $x }}{{ $x = . }}{{ end }}{{ $x }}", "helloab" },
        { "{{ range .Values.deep.inner.list }}{{ .name }}{{ .size | default 9 }}{{ end }}", "one1two9" },
        { "a:\n{{ toYaml .Values.list | indent 2 }}", "a:\n  - a\n  - b" },
        { "a:{{ toYaml .Values.map | nindent 2 }}", "a:\n  a: two\n  z: 1" },
        { "a:{{ toYaml .Values.deep | nindent 2 }}", "a:\n  inner:\n    leaf: x\n    list:\n    - name: one\n      size: 1\n    - name: two" },
        { "a: {{ toYaml .Values.none }}{{ toYaml .Values.missing }}", "a: []null" },
    };

    [Theory]
    [MemberData(nameof(Rows))]
    public void An_action_makes_what_Helm_makes(string template, string expected) =>
        Assert.Equal(expected, ScratchChart.Render(Values, template));

    [Fact]
    public void Text_that_could_be_read_as_something_else_is_quoted() => Assert.Equal(
        "a:\n  \"12\": \"007\"\n  colon: \"a: b\"\n  multi: \"x\\ny\"\n  path: /a/b.c\n  tilde: \"~\"\n  \"yes\": \"on\"",
        ScratchChart.Render(Values, "a:{{ toYaml .Values.odd | nindent 2 }}"));

    [Fact]
    public void A_defined_template_is_included_with_the_dot_it_is_given()
    {
        using var chart = new ScratchChart(Values,
            ("_parts.tpl", "{{ define \"t.part\" -}}\nx: {{ .leaf }}\n{{- end }}"),
            ("one.yaml", "kind: Test\na:\n  {{- include \"t.part\" .Values.deep.inner | nindent 2 }}"));

        Assert.EndsWith("kind: Test\na:\n  x: x\n", chart.Render(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("deep", "{inner: 7}", "7", ".inner")]
    [InlineData("text", "bye", "bye")]
    [InlineData("new.deep.value", "true", "true")]
    public void Settings_lie_over_the_values(string path, string value, string expected, string within = "") =>
        Assert.Equal(expected, ScratchChart.Render(Values, $"{{{{ .Values.{path}{within} }}}}", (path, value)));

    [Theory]
    [InlineData("a: {{ .Values.missing }}", "one.yaml:2: what is printed here has no value")]
    [InlineData("a: {{ .Values.text.more }}", "'more' is asked of something that has no fields")]
    [InlineData("a: {{ .Values.list }}", "use toYaml")]
    [InlineData("a: {{ nonsense .Values.text }}", "there is no function 'nonsense'")]
    [InlineData("a: {{ quote }}", "'quote' does not take these 0 arguments")]
    [InlineData("a: {{ .Values.text", "is not closed")]
    [InlineData("{{ if .Values.text }}", "'if .Values.text' has no end")]
    [InlineData("\n{{ end }}", "one.yaml:3: 'end' closes nothing")]
    [InlineData("{{ .Values.text | .Values.list }}", "only a function can stand behind '|'")]
    [InlineData("{{ include \"nobody\" . }}", "no template 'nobody' is defined")]
    [InlineData("{{ if eq .Values.number 3 }}x{{ end }}", "use int")]
    [InlineData("{{ .Values.many }}", "with an exponent")]
    [InlineData("{{ $x }}", "the variable $x is not declared")]
    [InlineData("{{ define \"again\" }}{{ include \"again\" . }}{{ end }}{{ include \"again\" . }}", "more than 100 times")]
    [InlineData("{{ range .Values.text }}{{ end }}", "range needs a list or a map")]
    public void A_mistake_is_told_with_its_place(string template, string expected) =>
        Assert.Contains(expected, Assert.Throws<RenderException>(() => ScratchChart.Render(Values, template)).Message, StringComparison.Ordinal);

    [Fact]
    public void Objects_come_in_the_order_in_which_they_are_installed_and_empty_ones_not_at_all()
    {
        using var chart = new ScratchChart("on: false",
            ("a.yaml", "kind: Deployment\n---\nkind: ServiceAccount\n"), ("b.yaml", "{{ if .Values.on }}kind: Service{{ end }}\n"), ("c.yaml", "kind: Namespace\n"));

        Assert.Equal(
            "---\n# Source: test/templates/c.yaml\nkind: Namespace\n---\n# Source: test/templates/a.yaml\nkind: ServiceAccount\n---\n# Source: test/templates/a.yaml\nkind: Deployment\n",
            chart.Render());
    }
}
