using System.Formats.Tar;
using System.Security.Cryptography;
using System.Text;

namespace Ambient.EndToEnd.Tests.Runtime;

/// <summary>Writes a container image of a few files as an archive in the OCI image layout: nothing is fetched from anywhere.</summary>
internal static class OciArchive
{
    /// <param name="command">What runs if nothing else is said.</param>
    /// <param name="files">Path in the image and the file that is put there, executable.</param>
    public static async Task WriteAsync(string archive, string name, IReadOnlyList<string> command, params (string Path, string Source)[] files)
    {
        var layer = await LayerAsync(files);
        var configuration = Json($$$"""
            {"architecture":"amd64","os":"linux","config":{"Cmd":[{{{string.Join(",", command.Select(word => $"\"{word}\""))}}}]},
             "rootfs":{"type":"layers","diff_ids":["{{{Digest(layer)}}}"]},"history":[{"created_by":"test"}]}
            """);
        var manifest = Json($$$"""
            {"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json",
             "config":{{{Descriptor("application/vnd.oci.image.config.v1+json", configuration)}}},
             "layers":[{{{Descriptor("application/vnd.oci.image.layer.v1.tar", layer)}}}]}
            """);
        var index = Json($$$"""
            {"schemaVersion":2,"manifests":[{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"{{{Digest(manifest)}}}","size":{{{manifest.Length}}},
             "annotations":{"io.containerd.image.name":"{{{name}}}"}}]}
            """);

        await using var stream = File.Create(archive);
        await using var tar = new TarWriter(stream);
        await AddAsync(tar, "oci-layout", Json("""{"imageLayoutVersion":"1.0.0"}"""));
        await AddAsync(tar, "index.json", index);
        foreach (var blob in (byte[][])[layer, configuration, manifest]) await AddAsync(tar, $"blobs/sha256/{Digest(blob)["sha256:".Length..]}", blob);
    }

    private static async Task<byte[]> LayerAsync((string Path, string Source)[] files)
    {
        using var stream = new MemoryStream();
        await using (var tar = new TarWriter(stream, leaveOpen: true))
            foreach (var (path, source) in files) await AddAsync(tar, path, await File.ReadAllBytesAsync(source));
        return stream.ToArray();
    }

    private static async Task AddAsync(TarWriter tar, string path, byte[] content)
    {
        const UnixFileMode executable = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.GroupRead | UnixFileMode.GroupExecute | UnixFileMode.OtherRead | UnixFileMode.OtherExecute;
        await tar.WriteEntryAsync(new PaxTarEntry(TarEntryType.RegularFile, path) { DataStream = new MemoryStream(content), Mode = executable });
    }

    private static string Descriptor(string type, byte[] blob) => $$"""{"mediaType":"{{type}}","digest":"{{Digest(blob)}}","size":{{blob.Length}}}""";

    private static string Digest(byte[] blob) => $"sha256:{Convert.ToHexStringLower(SHA256.HashData(blob))}";

    private static byte[] Json(string text) => Encoding.UTF8.GetBytes(text);
}
