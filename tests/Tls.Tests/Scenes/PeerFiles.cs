namespace Ambient.Tls.Tests.Scenes;

/// <summary>Certificates in files, for peers that are programs; gone with the test.</summary>
internal sealed class PeerFiles : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("ambient-tls-");

    public PeerFiles(Issued issued, string rootPem)
    {
        Chain = Write("chain.pem", issued.ChainPem);
        Leaf = Write("leaf.pem", issued.Leaf.ExportCertificatePem());
        Key = Write("key.pem", issued.KeyPem);
        Root = Write("root.pem", rootPem);
    }

    /// <summary>Leaf, intermediate and root.</summary>
    public string Chain { get; }
    public string Leaf { get; }
    public string Key { get; }
    public string Root { get; }

    public void Dispose() => _folder.Delete(recursive: true);

    private string Write(string name, string content)
    {
        var path = Path.Combine(_folder.FullName, name);
        File.WriteAllText(path, content);
        return path;
    }
}
