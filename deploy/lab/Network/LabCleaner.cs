using System.Globalization;
using Ambient.Lab.Processes;

namespace Ambient.Lab.Network;

/// <summary>Removes what a lab left: the processes inside its namespaces, the namespaces, the files.</summary>
internal static class LabCleaner
{
    public static async Task SweepAsync()
    {
        foreach (var lab in LabId.Stale()) await RemoveAsync(lab);
        await LabControlGroups.SweepAsync();
    }

    public static async Task RemoveAsync(LabId lab)
    {
        var namespaces = lab.Namespaces().ToList();
        await Task.WhenAll(namespaces.Select(KillInsideAsync));

        // Names first: interfaces vanish with the last user of a namespace, which may take the kernel a while.
        if (namespaces.Count > 0)
            await Command.RunAsync("ip", ["-force", "-batch", await BatchFileAsync(lab, namespaces)]);
        foreach (var ns in namespaces) Delete(Path.Combine("/etc/netns", ns));
        if (LabControlGroups.Of(lab) is { } groups) await LabControlGroups.EndAsync(groups); // whoever kept pods running may have begun another container meanwhile
        Delete(lab.Directory);
    }

    // Only our processes are in a namespace of ours. They are told by id, all found before any is killed.
    private static async Task KillInsideAsync(string ns)
    {
        var found = await Command.RunAsync("ip", ["netns", "pids", ns]);
        foreach (var line in found.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            var id = int.Parse(line, CultureInfo.InvariantCulture);
            if (id != Environment.ProcessId) await Command.RunAsync("kill", ["-KILL", line]);
        }
    }

    private static async Task<string> BatchFileAsync(LabId lab, List<string> namespaces)
    {
        Directory.CreateDirectory(lab.Directory);
        var file = Path.Combine(lab.Directory, "remove.batch");
        await File.WriteAllLinesAsync(file, namespaces.Select(ns => $"netns del {ns}"));
        return file;
    }

    private static void Delete(string directory)
    {
        try { Directory.Delete(directory, recursive: true); }
        catch (DirectoryNotFoundException) { }
    }
}
