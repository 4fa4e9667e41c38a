namespace Ambient.EndToEnd.Tests.Conformance;

/// <summary>The suite's tests of an HTTPRoute's timeouts and retries, by the names they have there, for a route whose parent is a Service.</summary>
public sealed class HttpRouteRetryTests(ConformanceFixture fixture) : RouteTests(fixture)
{
    [Theory]
    [InlineData("request")] // HTTPRouteTimeoutRequest
    [InlineData("backendRequest")] // HTTPRouteTimeoutBackendRequest
    public async Task HTTPRouteTimeout(string timeout)
    {
        await RouteAsync($$"""
            - {matches: [{path: {value: /short} }], timeouts: { {{timeout}}: 500ms }, backendRefs: [{name: echo-v1, port: 80}]}
            - {matches: [{path: {value: /none} }], timeouts: { {{timeout}}: 0s }, backendRefs: [{name: echo-v1, port: 80}]}
            """);
        await AnswersAsync("/short", 200, "0 200");
        await AnswersAsync("/short", 504, "99 2000ms");
        await AnswersAsync("/none", 200, "1 1000ms");
    }

    [Fact]
    public async Task HTTPRouteRetry()
    {
        await RouteAsync("""
            - {matches: [{path: {value: /one-code}}], retry: {codes: [500], attempts: 3, backoff: 25ms}, backendRefs: [{name: echo-v1, port: 80}]}
            - {matches: [{path: {value: /all-codes}}], retry: {codes: [500, 502, 503, 504], attempts: 2, backoff: 25ms}, backendRefs: [{name: echo-v1, port: 80}]}
            """);
        await AnswersAsync("/one-code", 200, "2 500");
        await AnswersAsync("/one-code", 500, "4 500");
        await AnswersAsync("/one-code", 503, "1 503"); // not among the codes
        foreach (var code in (int[])[500, 502, 503, 504])
        {
            await AnswersAsync("/all-codes", 200, $"1 {code}");
            await AnswersAsync("/all-codes", code, $"3 {code}");
        }
    }

    [Fact]
    public async Task HTTPRouteRetryConnectionError()
    {
        await RouteAsync("- {matches: [{path: {value: /closed}}], retry: {attempts: 3, backoff: 25ms}, backendRefs: [{name: echo-v1, port: 80}]}");
        await AnswersAsync("/closed", 200, "2 close");
        await AnswersAsync("/closed", 503, "99 close");
    }

    [Fact]
    public async Task HTTPRouteRetryWithTimeouts()
    {
        await RouteAsync("""
            - {matches: [{path: {value: /backend}}], timeouts: {backendRequest: 200ms}, retry: {attempts: 2, backoff: 1ms}, backendRefs: [{name: echo-v1, port: 80}]}
            - {matches: [{path: {value: /both}}], timeouts: {request: 400ms, backendRequest: 200ms}, retry: {attempts: 5, backoff: 1ms}, backendRefs: [{name: echo-v1, port: 80}]}
            """);
        await AnswersAsync("/backend", 200, "2 2000ms");
        await AnswersAsync("/backend", 504, "99 2000ms");
        await AnswersAsync("/both", 200, "1 2000ms");
        await AnswersAsync("/both", 504, "99 2000ms");
    }

    /// <param name="fails">How often the pod does what else than answer: a status, <c>close</c>, or so many milliseconds late. Anew for each request.</param>
    private Task AnswersAsync(string path, int status, string fails) => Fixture.ExpectAsync(
        () => Fixture.GetAsync("client", "echo", 80, path, [("x-fail", $"{Guid.NewGuid():N} {fails}")]), answer => answer.Status == status);
}
