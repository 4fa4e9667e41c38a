using Ambient.Model;
using Ambient.Model.Routes;
using Google.Protobuf.Collections;
using Wire = Ambient.Protos.Traffic;

namespace Ambient.Xds.Mapping;

/// <summary>Tests of texts between the model and the wire.</summary>
internal static class TextMapping
{
    public static Wire.Text? ToWire(TextMatch? match) =>
        match is null ? null : new() { Kind = KindOf(match.Kind), Text_ = match.Text, IgnoreCase = match.IgnoreCase };

    public static TextMatch? ToModel(Wire.Text? wire) => wire is null ? null : ToModel(wire.Kind, wire.Text_, wire.IgnoreCase);

    public static TextMatch ToModel(Wire.TextKind kind, string text, bool ignoreCase) => kind switch
    {
        Wire.TextKind.Exact => TextMatch.Exact(text, ignoreCase),
        Wire.TextKind.Prefix => TextMatch.Prefix(text, ignoreCase),
        Wire.TextKind.Suffix => TextMatch.Suffix(text, ignoreCase),
        Wire.TextKind.Regex => TextMatch.Regex(text),
        Wire.TextKind.Present => TextMatch.Present,
        Wire.TextKind.NotEmpty => TextMatch.NotEmpty,
        _ => throw new ArgumentException($"a test of a text is of the kind {(int)kind}, which is not known"),
    };

    public static Wire.TextKind KindOf(TextMatchKind kind) => kind switch
    {
        TextMatchKind.Exact => Wire.TextKind.Exact,
        TextMatchKind.Prefix => Wire.TextKind.Prefix,
        TextMatchKind.Suffix => Wire.TextKind.Suffix,
        TextMatchKind.Regex => Wire.TextKind.Regex,
        TextMatchKind.Present => Wire.TextKind.Present,
        _ => Wire.TextKind.NotEmpty,
    };

    public static EquatableArray<string> Texts(RepeatedField<string> wire, SharedValues pool) => wire.Select(pool.Share).ToEquatableArray();
}
