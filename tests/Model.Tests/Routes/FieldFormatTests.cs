using Ambient.Model.Routes;
using FsCheck;
using FsCheck.Fluent;

namespace Ambient.Model.Tests.Routes;

public sealed class FieldFormatTests
{
    public static TheoryData<string, FieldPart[]> Values => new()
    {
        { "plain", [new(FieldOperator.Text, "plain")] },
        { "50%%", [new(FieldOperator.Text, "50%")] },
        { "%%REQ(x)%%", [new(FieldOperator.Text, "%REQ(x)%")] },
        { "a%REQ(X-A)%b", [new(FieldOperator.Text, "a"), new(FieldOperator.RequestField, "x-a"), new(FieldOperator.Text, "b")] },
        { "%REQ(x)%%REQ(y)%", [new(FieldOperator.RequestField, "x"), new(FieldOperator.RequestField, "y")] },
        { "%REQ(X-Envoy-Original-Path?:PATH):20%", [new(FieldOperator.RequestField, "x-envoy-original-path", ":path", 20)] },
        { "%REQ(Host)%", [new(FieldOperator.RequestField, ":authority")] },
        { "%RESP(server)%", [new(FieldOperator.ResponseField, "server")] },
        { "%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%", [new(FieldOperator.ClientAddress, "")] },
        { "t=%START_TIME(%s.%3f)%", [new(FieldOperator.Text, "t="), new(FieldOperator.StartSeconds, ""), new(FieldOperator.Text, "."), new(FieldOperator.StartFraction, "3")] },
        { "%START_TIME(%Y%%)%", [new(FieldOperator.StartTime, "yyyy"), new(FieldOperator.Text, "%")] },
        { "", [] },
    };

    [Theory, MemberData(nameof(Values))]
    public void A_value_is_texts_and_operators(string value, FieldPart[] parts) => Assert.Equal(parts, FieldFormat.Parse(value));

    [Theory]
    [InlineData("50%", "'%' begins with no operator; a percent sign is written %%.")]
    [InlineData("50% off", "'% off' begins with no operator; a percent sign is written %%.")]
    [InlineData("%REQ(x", "'%REQ(x' begins with no operator")]
    [InlineData("%REQ(x)", "'%REQ(x)' begins with no operator")]
    [InlineData("%REQ(x):%", "'%REQ(x):%' begins with no operator")]
    [InlineData("%REQ(x):-1%", "'%REQ(x):-1%' begins with no operator")]
    [InlineData("%REQ%", "The operator %REQ% is not supported.")]
    [InlineData("%REQ()%", "The operator %REQ()% names no header.")]
    [InlineData("%REQ(a b)%", "names no header")]
    [InlineData("%REQ(:other)%", "names no header")]
    [InlineData("%RESP(:path)%", "names no header")]
    [InlineData("%PROTOCOL(x)%", "The operator %PROTOCOL(x)% is not supported.")]
    [InlineData("%PROTOCOL:3%", "The operator %PROTOCOL:3% is not supported.")]
    [InlineData("%ENVIRONMENT(SECRET)%", "The operator %ENVIRONMENT(SECRET)% is not supported.")]
    [InlineData("%DYNAMIC_METADATA(a:b)%", "The operator %DYNAMIC_METADATA(a:b)% is not supported.")]
    [InlineData("%START_TIME(%Q)%", "The operator %START_TIME(%Q)% is not supported: of its format, %Q is not known.")]
    [InlineData("%START_TIME(%)%", "of its format, %  is not known")]
    public void What_is_not_supported_is_named(string value, string why) =>
        Assert.Contains(why, Assert.Throws<ArgumentException>(() => FieldFormat.Parse(value)).Message, StringComparison.Ordinal);

    [Fact]
    public void The_length_is_limited() => Assert.Contains("at most 4096 are taken",
        Assert.Throws<ArgumentException>(() => FieldFormat.Parse(string.Concat(Enumerable.Repeat("%%", 2049)))).Message, StringComparison.Ordinal);

    [Fact]
    public void Parts_are_limited() => Assert.Throws<ArgumentException>(() => FieldFormat.Parse(string.Concat(Enumerable.Repeat("%REQ(x)%", 65))));

    [Fact]
    public void Any_text_is_read_or_refused_and_what_is_escaped_is_itself() => Prop.ForAll<NonNull<string>>(static text =>
    {
        try { FieldFormat.Parse(text.Get); }
        catch (ArgumentException) { }

        var escaped = FieldFormat.Parse(text.Get.Replace("%", "%%", StringComparison.Ordinal));
        Assert.Equal(text.Get, string.Concat(escaped.Select(static part => part.Text)));
    }).QuickCheckThrowOnFailure();
}
