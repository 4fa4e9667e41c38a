using System.Text.Json.Nodes;
using FsCheck;
using FsCheck.Fluent;

namespace Ambient.Playground.Tests.Api;

/// <summary>Random small documents; names repeat, so that two of them have something in common. No nulls inside.</summary>
internal static class Documents
{
    private static readonly string[] Names = ["a", "b", "c", "a/b", "a~1", "$x"];

    public static Arbitrary<JsonObject> Arbitrary { get; } = Gen.Sized(size => Object(Math.Min(size, 4))).ToArbitrary();

    private static Gen<JsonObject> Object(int depth) =>
        from names in Gen.SubListOf(Names)
        from values in Gen.CollectToList(names, _ => Value(depth - 1))
        select new JsonObject(names.Zip(values).Select(pair => KeyValuePair.Create(pair.First, (JsonNode?)pair.Second.DeepClone())));

    private static Gen<JsonNode> Value(int depth) => depth <= 0
        ? Scalar()
        : Gen.OneOf(Scalar(), Object(depth).Select(map => (JsonNode)map));

    private static Gen<JsonNode> Scalar() => Gen.OneOf(
        Gen.Choose(0, 3).Select(number => (JsonNode)number), Gen.Elements("x", "y", "").Select(text => (JsonNode)text), Gen.Elements(true, false).Select(flag => (JsonNode)flag));
}
