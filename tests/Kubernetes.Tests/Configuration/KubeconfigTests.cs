using System.Text;
using Ambient.Kubernetes.Configuration;
using Ambient.Kubernetes.Tests.Servers;
using Ambient.TestKit;
using FsCheck;
using FsCheck.Fluent;

namespace Ambient.Kubernetes.Tests.Configuration;

public sealed class KubeconfigTests : IDisposable
{
    private const string Plain = """
        apiVersion: v1
        kind: Config
        current-context: here
        contexts:
        - name: here
          context: {cluster: lab, user: me, namespace: demo}
        - name: there
          context:
            cluster: lab
        clusters:
        - name: lab
          cluster:
            server: https://lab.example:6443
        users:
        - name: me
          user:
            token: abc
        """;

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("kubeconfig");
    private readonly ManualTime _time = new();

    public void Dispose() => _directory.Delete(recursive: true);

    [Fact]
    public void The_current_context_leads_to_server_user_and_namespace()
    {
        var configuration = Load(Plain);

        Assert.Equal("https://lab.example:6443/", configuration.Server.ToString());
        Assert.Equal("demo", configuration.Namespace);
        Assert.Equal("abc", configuration.Token!.Read());
        Assert.Same(ServerTrust.System, configuration.Trust);
    }

    [Fact]
    public void Another_context_can_be_asked_for_and_may_have_no_user()
    {
        var configuration = Load(Plain, context: "there");

        Assert.Equal("default", configuration.Namespace);
        Assert.Null(configuration.Token);
    }

    [Fact]
    public void Json_is_a_kubeconfig_too() => Assert.Equal("h", Load("""
        {"current-context":"c","contexts":[{"name":"c","context":{"cluster":"k"}}],"clusters":[{"name":"k","cluster":{"server":"https://h"}}]}
        """).Server.Host);

    [Fact]
    public void Files_are_found_beside_the_kubeconfig_and_a_token_file_wins_over_a_token()
    {
        var authority = new TestAuthority();
        var own = authority.Issue("me");
        Write("ca.pem", authority.Pem);
        Write("cert.pem", own.ExportCertificatePem());
        Write("key.pem", TestAuthority.KeyPem(own));
        Write("token", "from-file\n");

        var configuration = Load(Plain
            .Replace("server: https://lab.example:6443", "server: https://lab.example:6443\n    certificate-authority: ca.pem\n    tls-server-name: k8s", StringComparison.Ordinal)
            .Replace("token: abc", "token: abc\n    tokenFile: token\n    client-certificate: cert.pem\n    client-key: key.pem", StringComparison.Ordinal));

        Assert.Equal("from-file", configuration.Token!.Read());
        Assert.Equal("k8s", configuration.ServerName);
        Assert.NotSame(ServerTrust.System, configuration.Trust);
        Assert.Equal("CN=me", configuration.Identity!.ForHandshake().TargetCertificate.Subject);
    }

    [Fact]
    public void Certificates_may_stand_in_the_file_itself()
    {
        var authority = new TestAuthority();
        var own = authority.Issue("me");

        var configuration = Load(Plain
            .Replace("server: https://lab.example:6443", $"server: https://lab.example:6443\n    certificate-authority-data: {Base64(authority.Pem)}", StringComparison.Ordinal)
            .Replace("token: abc", $"client-certificate-data: {Base64(own.ExportCertificatePem())}\n    client-key-data: {Base64(TestAuthority.KeyPem(own))}", StringComparison.Ordinal));

        Assert.Null(configuration.Token);
        Assert.Equal("CN=me", configuration.Identity!.ForHandshake().TargetCertificate.Subject);
    }

    [Theory]
    [InlineData("token: abc", "exec: {command: aws, apiVersion: client.authentication.k8s.io/v1}", "exec plugin")]
    [InlineData("token: abc", "auth-provider: {name: gcp}", "auth-provider")]
    [InlineData("token: abc", "username: admin", "basic authentication")]
    [InlineData("token: abc", "client-certificate-data: Zm9v", "without its key")]
    [InlineData("token: abc", "{client-certificate-data: Zm9v, client-key-data: Zm9v}", "client certificate of")]
    [InlineData("token: abc", "client-certificate-data: '*'\n    client-key-data: Zm9v", "not base64")]
    [InlineData("token: abc", "tokenFile: nowhere", "nowhere cannot be used")]
    [InlineData("token: abc", "tokenFile: nowhere", "service account")]
    [InlineData("server: https://lab.example:6443", "server: http://lab.example:6443", "plain http is only allowed on loopback")]
    [InlineData("server: https://lab.example:6443", "server: lab", "must be a URL")]
    [InlineData("server: https://lab.example:6443", "other: x", "without a server")]
    [InlineData("server: https://lab.example:6443", "server: https://l\n    certificate-authority: gone.pem", "cannot be read")]
    [InlineData("server: https://lab.example:6443", "server: https://l\n    certificate-authority-data: Zm9v", "no certificate")]
    [InlineData("server: https://lab.example:6443", "server: https://l\n    proxy-url: http://p", "proxy-url")]
    [InlineData("server: https://lab.example:6443", "server: https://l\n    insecure-skip-tls-verify: true\n    certificate-authority-data: Zm9v", "remove one")]
    [InlineData("current-context: here", "current-context: nowhere", "no 'nowhere' among its contexts")]
    [InlineData("current-context: here", "", "no current-context")]
    [InlineData("cluster: lab, user: me", "cluster: lab, user: you", "no 'you' among its users")]
    [InlineData("cluster: lab, user: me", "user: me", "names no cluster")]
    [InlineData("kind: Config", "kind: &a Config", "anchors")]
    [InlineData("kind: Config", "kind: [", "not valid YAML")]
    public void What_cannot_be_used_is_refused_by_name(string replace, string by, string says)
    {
        var error = Assert.Throws<ConfigurationException>(() => Load(Plain.Replace(replace, by, StringComparison.Ordinal)).Token?.Read());

        Assert.Contains(says, error.Message, StringComparison.Ordinal);
        Assert.Contains(_directory.FullName, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_kubeconfig_that_is_not_there_is_named()
    {
        var error = Assert.Throws<ConfigurationException>(() => ApiConfiguration.FromKubeconfig("/nowhere/config", _time));

        Assert.Contains("/nowhere/config", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Secrets_are_not_printed()
    {
        var configuration = Load(Plain);

        Assert.DoesNotContain("abc", $"{configuration} {configuration.Token}", StringComparison.Ordinal);
    }

    [Fact]
    public void Any_text_gives_a_configuration_or_says_what_is_wrong() =>
        Prop.ForAll<string, int>((text, at) =>
        {
            var cut = (int)((uint)at % Plain.Length);
            return IsHandled(text ?? "") && IsHandled(Plain[..cut] + text + Plain[cut..]) && IsHandled(Plain[..cut]);
        }).QuickCheckThrowOnFailure();

    private bool IsHandled(string text)
    {
        try
        {
            _ = Kubeconfig.Parse("config", text).ToConfiguration(null, _time);
            return true;
        }
        catch (ConfigurationException) { return true; }
    }

    private ApiConfiguration Load(string text, string? context = null) => ApiConfiguration.FromKubeconfig(Write("config", text), _time, context);

    private string Write(string name, string text)
    {
        var path = Path.Combine(_directory.FullName, name);
        File.WriteAllText(path, text);
        return path;
    }

    private static string Base64(string text) => Convert.ToBase64String(Encoding.UTF8.GetBytes(text));
}
