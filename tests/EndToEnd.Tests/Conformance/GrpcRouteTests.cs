namespace Ambient.EndToEnd.Tests.Conformance;

/// <summary>The suite's tests of GRPCRoutes, by the names they have there, for a route whose parent is a Service.</summary>
public sealed class GrpcRouteTests(ConformanceFixture fixture) : RouteTests(fixture)
{
    private const string Service = "gateway_api_conformance.echo_basic.grpcecho.GrpcEcho";
    private const int Unimplemented = 12;

    [Fact]
    public async Task GRPCExactMethodMatching()
    {
        await GrpcRouteAsync($$"""
            - {matches: [{method: {service: {{Service}}, method: Echo} }], backendRefs: [{name: echo-v1, port: 7070}]}
            - {matches: [{method: {service: {{Service}}, method: EchoTwo} }], backendRefs: [{name: echo-v2, port: 7070}]}
            """);
        await CallsAsync("Echo", "echo-v1");
        await CallsAsync("EchoTwo", "echo-v2");
        await CallsAsync("EchoThree", null);
    }

    [Fact]
    public async Task GRPCRouteHeaderMatching()
    {
        await GrpcRouteAsync("""
            - {matches: [{headers: [{name: version, value: one}]}], backendRefs: [{name: echo-v1, port: 7070}]}
            - {matches: [{headers: [{name: version, value: two}]}], backendRefs: [{name: echo-v2, port: 7070}]}
            - {matches: [{headers: [{name: version, value: two}, {name: color, value: orange}]}], backendRefs: [{name: echo-v1, port: 7070}]}
            - {matches: [{headers: [{name: color, value: blue}]}, {headers: [{name: color, value: green}]}], backendRefs: [{name: echo-v1, port: 7070}]}
            - {matches: [{headers: [{name: color, value: red}]}, {headers: [{name: color, value: yellow}]}], backendRefs: [{name: echo-v2, port: 7070}]}
            """);
        await CallsAsync("Echo", "echo-v1", ("version", "one"));
        await CallsAsync("Echo", "echo-v2", ("version", "two"));
        await CallsAsync("Echo", "echo-v1", ("version", "two"), ("color", "orange"));
        await CallsAsync("Echo", "echo-v2", ("version", "two"), ("color", "blue"));
        foreach (var color in (string[])["blue", "green"]) await CallsAsync("Echo", "echo-v1", ("color", color));
        foreach (var color in (string[])["red", "yellow"]) await CallsAsync("Echo", "echo-v2", ("color", color));
        foreach (var color in (string[])["orange", "purple"]) await CallsAsync("Echo", null, ("color", color));
        await CallsAsync("Echo", null, ("some-other-header", "one"));
    }

    [Fact]
    public async Task GRPCRouteNamedRule()
    {
        await GrpcRouteAsync($$"""
            - {name: named-rule, matches: [{method: {service: {{Service}}, method: Echo} }], backendRefs: [{name: echo-v1, port: 7070}]}
            - {matches: [{method: {method: EchoTwo} }], backendRefs: [{name: echo-v2, port: 7070}]}
            """);
        await CallsAsync("Echo", "echo-v1");
        await CallsAsync("EchoTwo", "echo-v2");
    }

    /// <param name="pod">Who is to answer; null: nobody takes such calls.</param>
    private Task CallsAsync(string method, string? pod, params (string, string)[] metadata) => Fixture.ExpectAsync(
        () => Fixture.CallAsync("echo-v1", "echo", $"/{Service}/{method}", metadata), answer => (answer.Status, answer.GrpcStatus, answer.Pod) == (200, pod is null ? Unimplemented : 0, pod));
}
