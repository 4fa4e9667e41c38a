using Ambient.Certificates.Service;
using Ambient.Certificates.Store;
using Ambient.Grpc;
using Ambient.Model.Identities;
using Ambient.Protos.Ca;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Microsoft.Extensions.Logging.Abstractions;

namespace Ambient.Certificates.Tests.Service;

public sealed class AuthorityClientTests : IAsyncLifetime
{
    private static readonly SpiffeId Web = new("cluster.local", "shop", "web"), Other = new("cluster.local", "shop", "other");

    private ScriptedAuthority _authority = null!;

    public async ValueTask InitializeAsync() => _authority = await ScriptedAuthority.StartAsync();

    public ValueTask DisposeAsync() => _authority.DisposeAsync();

    private async Task<CertificateException> FailureAsync(AuthorityClient? client = null)
    {
        using var own = client ?? _authority.Client();
        return await Assert.ThrowsAsync<CertificateException>(async () => await own.FetchAsync(Web, FetchPriority.RealTime, default));
    }

    [Fact]
    public async Task A_request_says_what_other_authorities_expect()
    {
        using var client = _authority.Client(address => new()
        {
            Address = address, Token = "secret", ClusterId = "c1", Lifetime = TimeSpan.FromHours(6),
            Headers = new Dictionary<string, string> { ["x-tenant"] = "acme" },
        });

        await client.FetchAsync(Web, FetchPriority.Warmup, default);

        var (request, metadata) = _authority.Last;
        Assert.Equal(21600, request.ValidityDuration);
        Assert.Equal(Web.ToString(), request.Metadata.Fields["ImpersonatedIdentity"].StringValue);
        Assert.Equal(("Bearer secret", "c1", "acme", "warmup"),
            (metadata.Find("authorization"), metadata.Find("clusterid"), metadata.Find("x-tenant"), metadata.Find("ambient-priority")));
    }

    [Fact]
    public void The_message_on_the_wire_has_the_numbers_that_others_read()
    {
        var request = new IstioCertificateRequest
        {
            Csr = "CSR", ValidityDuration = 86400,
            Metadata = new Struct { Fields = { ["ImpersonatedIdentity"] = Value.ForString("id") } },
        };

        // 1: text "CSR" · 3: varint 86400 · 4: Struct { 1: { 1: "ImpersonatedIdentity", 2: { 3: "id" } } }
        Assert.Equal("0A03435352" + "1880A305" + "221E" + "0A1C" + "0A14" + Convert.ToHexString("ImpersonatedIdentity"u8) + "1204" + "1A026964",
            Convert.ToHexString(request.ToByteArray()));
        Assert.Equal("0A0161" + "0A0162", Convert.ToHexString(new IstioCertificateResponse { CertChain = { "a", "b" } }.ToByteArray()));
        Assert.Equal("/istio.v1.auth.IstioCertificateService/CreateCertificate", AuthorityContract.CreateCertificate.Path);
    }

    [Theory, InlineData(FetchPriority.RealTime, "on-demand"), InlineData(FetchPriority.Background, "background")]
    public async Task How_urgent_it_is_travels_along(FetchPriority priority, string text)
    {
        using var client = _authority.Client();

        await client.FetchAsync(Web, priority, default);

        Assert.Equal(text, _authority.Last.Metadata.Find(AuthorityContract.PriorityHeader));
    }

    [Fact]
    public async Task For_itself_alone_a_proxy_names_nobody()
    {
        using var client = _authority.Client(address => new() { Address = address, Impersonate = false });

        await client.FetchAsync(Web, FetchPriority.RealTime, default);

        Assert.Null(_authority.Last.Request.Metadata);
    }

    [Fact]
    public async Task Every_certificate_has_a_key_of_its_own()
    {
        using var client = _authority.Client();

        var first = await client.FetchAsync(Web, FetchPriority.RealTime, default);
        var second = await client.FetchAsync(Web, FetchPriority.RealTime, default);

        Assert.NotEqual(first.PrivateKeyPem, second.PrivateKeyPem);
    }

    [Fact]
    public async Task An_answer_that_is_no_chain_for_this_identity_and_key_is_refused()
    {
        _authority.Answer = _ => [];
        Assert.Equal(CertificateFailure.InvalidChain, (await FailureAsync()).Failure);

        _authority.Answer = request => [_authority.Authority.Sign(request.Csr, TimeSpan.FromHours(1))[0]];
        Assert.Contains("root is missing", (await FailureAsync()).Message);

        _authority.Answer = _ => ["garbage", "garbage"];
        Assert.Equal(CertificateFailure.InvalidChain, (await FailureAsync()).Failure);

        _authority.Answer = _ =>
        {
            using var key = new WorkloadKey();
            return _authority.Authority.Sign(key.RequestFor(Other), TimeSpan.FromHours(1));
        };
        Assert.Equal(CertificateFailure.WrongIdentity, (await FailureAsync()).Failure);

        _authority.Answer = _ =>
        {
            using var key = new WorkloadKey();
            return _authority.Authority.Sign(key.RequestFor(Web), TimeSpan.FromHours(1));
        };
        Assert.Contains("another key", (await FailureAsync()).Message);
    }

    [Theory, InlineData(StatusCode.Unauthenticated, CertificateFailure.Refused), InlineData(StatusCode.PermissionDenied, CertificateFailure.Refused),
     InlineData(StatusCode.InvalidArgument, CertificateFailure.Refused), InlineData(StatusCode.Unavailable, CertificateFailure.SourceUnavailable),
     InlineData(StatusCode.ResourceExhausted, CertificateFailure.SourceUnavailable), InlineData(StatusCode.DeadlineExceeded, CertificateFailure.TimedOut)]
    public async Task Statuses_become_reasons_that_keep_the_authoritys_words(StatusCode code, CertificateFailure failure)
    {
        _authority.Answer = _ => throw new RpcException(code, "because of the moon");

        var error = await FailureAsync();

        Assert.Equal(failure, error.Failure);
        if (code != StatusCode.DeadlineExceeded) Assert.Contains("because of the moon", error.Message);
    }

    [Fact]
    public async Task An_authority_that_is_not_there_is_named()
    {
        using var client = new AuthorityClient(new() { Address = new("http://127.0.0.1:1") }, TimeProvider.System, NullLogger<AuthorityClient>.Instance);

        var error = await FailureAsync(client);

        Assert.Equal(CertificateFailure.SourceUnavailable, error.Failure);
        Assert.Contains("127.0.0.1:1", error.Message);
    }

    [Fact]
    public void Plaintext_beyond_loopback_and_headers_that_cannot_be_sent_are_mistakes()
    {
        Assert.Throws<ArgumentException>(() => new AuthorityClient(new() { Address = new("http://10.0.0.1:15012") }, TimeProvider.System, NullLogger<AuthorityClient>.Instance));
        Assert.Throws<ArgumentException>(() => _authority.Client(address => new() { Address = address, Headers = new Dictionary<string, string> { ["te"] = "x" } }));
    }
}
