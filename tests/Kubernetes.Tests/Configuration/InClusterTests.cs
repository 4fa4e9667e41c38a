using Ambient.Kubernetes.Configuration;
using Ambient.Kubernetes.Tests.Servers;
using Ambient.TestKit;

namespace Ambient.Kubernetes.Tests.Configuration;

public sealed class InClusterTests : IDisposable
{
    private readonly DirectoryInfo _account = Directory.CreateTempSubdirectory("serviceaccount");
    private readonly ManualTime _time = new();

    public InClusterTests()
    {
        Write("ca.crt", new TestAuthority().Pem);
        Write("token", "t1");
        Write("namespace", "istio-system");
    }

    public void Dispose() => _account.Delete(recursive: true);

    [Theory]
    [InlineData("10.0.0.1", "https://10.0.0.1:443/")]
    [InlineData("fd00::1", "https://[fd00::1]/")]
    public void A_pod_finds_its_service_account(string host, string server)
    {
        var configuration = ApiConfiguration.InCluster(host, "443", _time, _account.FullName);

        Assert.Equal(new Uri(server), configuration.Server);
        Assert.Equal("istio-system", configuration.Namespace);
        Assert.Equal("t1", configuration.Token!.Read());
    }

    [Fact]
    public void The_token_is_read_again_when_the_kubelet_has_renewed_it()
    {
        var token = ApiConfiguration.InCluster("10.0.0.1", "443", _time, _account.FullName).Token!;
        Write("token", "t2");

        Assert.Equal("t1", token.Read());
        _time.Advance(TokenFile.ReadAgainAfter);
        Assert.Equal("t2", token.Read());
        Write("token", ""); // as when it is just being written
        Assert.False(token.Refresh());
        Assert.Equal("t2", token.Read());
    }

    [Theory]
    [InlineData(null, "443")]
    [InlineData("10.0.0.1", "")]
    [InlineData("10.0.0.1", "none")]
    public void Outside_a_cluster_it_says_what_to_set(string? host, string? port)
    {
        var error = Assert.Throws<ConfigurationException>(() => ApiConfiguration.InCluster(host, port, _time, _account.FullName));

        Assert.Contains("KUBERNETES_SERVICE_", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("token")]
    [InlineData("ca.crt")]
    public void A_service_account_that_is_not_mounted_is_named(string missing)
    {
        File.Delete(Path.Combine(_account.FullName, missing));

        var error = Assert.Throws<ConfigurationException>(() => ApiConfiguration.InCluster("10.0.0.1", "443", _time, _account.FullName));

        Assert.Contains(missing, error.Message, StringComparison.Ordinal);
    }

    private void Write(string name, string text) => File.WriteAllText(Path.Combine(_account.FullName, name), text);
}
