using Ambient.EndToEnd.Tests.Requests;

namespace Ambient.EndToEnd.Tests.Conformance;

/// <summary>The scene of the mesh conformance tests of Gateway API.</summary>
public sealed class ConformanceFixture() : RequestLab(Mesh, Consumer, "echo")
{
    public const string Mesh = "gateway-conformance-mesh", Consumer = "gateway-conformance-mesh-consumer";
}
