using System.Globalization;
using Ambient.ControlPlane.Authority;
using Ambient.Kubernetes.Resources;

namespace Ambient.ControlPlane.Tests.Authority;

/// <summary>The Secrets of a cluster, as the API server keeps them; calls can be made to fail before or after they take effect.</summary>
internal sealed class MemorySecrets : IAuthoritySecrets
{
    private readonly Dictionary<string, Secret> _secrets = [];
    private int _version;

    /// <summary>Asked before (false) and after (true) each write, and before each read; an exception is what the caller sees.</summary>
    public Action<string, bool> Fault { get; set; } = static (_, _) => { };

    public int Writes { get; private set; }

    public Secret? this[string name]
    {
        get { lock (_secrets) return _secrets.GetValueOrDefault(name); }
    }

    public async Task<Secret?> FindAsync(string name, CancellationToken stop)
    {
        await Task.Yield();
        Fault("read", false);
        return this[name];
    }

    public async Task<bool> TryCreateAsync(Secret secret, CancellationToken stop)
    {
        await Task.Yield();
        Fault("create", false);
        lock (_secrets)
        {
            if (_secrets.ContainsKey(secret.Metadata.Name)) return false;
            Put(secret);
        }
        Fault("create", true);
        return true;
    }

    public async Task<bool> TryReplaceAsync(Secret secret, CancellationToken stop)
    {
        await Task.Yield();
        Fault("replace", false);
        lock (_secrets)
        {
            if (this[secret.Metadata.Name]?.Metadata.ResourceVersion != secret.Metadata.ResourceVersion) return false;
            Put(secret);
        }
        Fault("replace", true);
        return true;
    }

    /// <summary>What an operator does with kubectl.</summary>
    public void Put(Secret secret)
    {
        lock (_secrets)
        {
            Writes++;
            var version = (++_version).ToString(CultureInfo.InvariantCulture);
            _secrets[secret.Metadata.Name] = secret with { Metadata = secret.Metadata with { ResourceVersion = version } };
        }
    }

    public void Delete(string name) { lock (_secrets) _secrets.Remove(name); }

    public void Edit(string name, Func<Secret, Secret> edit) => Put(edit(this[name]!));

    public void Annotate(string value) => Edit(AuthoritySecret.Name, secret => secret with
    {
        Metadata = secret.Metadata with { Annotations = new Dictionary<string, string> { [AuthoritySecret.RotateAnnotation] = value } },
    });

    public void PlugIn(KeyMaterial material) => Put(new Secret
    {
        Metadata = new() { Name = PluggedInAuthority.Name, Namespace = "istio-system" },
        Data = new Dictionary<string, string>
        {
            ["ca-cert.pem"] = material.Certificate, ["ca-key.pem"] = material.Key,
            ["cert-chain.pem"] = material.Chain, ["root-cert.pem"] = material.Roots,
        }.ToDictionary(entry => entry.Key, entry => System.Text.Encoding.UTF8.GetBytes(entry.Value)),
    });
}
