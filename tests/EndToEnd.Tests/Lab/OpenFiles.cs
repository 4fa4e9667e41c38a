using System.Globalization;
using Ambient.Lab.Processes;

namespace Ambient.EndToEnd.Tests.Lab;

/// <summary>How many descriptors a running process may have.</summary>
internal static class OpenFiles
{
    /// <summary>Lets it open nothing more: whatever it opened next would get the first free number.</summary>
    internal static Task ExhaustAsync(int process)
    {
        var taken = Directory.GetFiles($"/proc/{process}/fd").Select(path => int.Parse(Path.GetFileName(path), CultureInfo.InvariantCulture)).ToHashSet();
        return AllowAsync(process, Enumerable.Range(0, int.MaxValue).First(number => !taken.Contains(number)));
    }

    internal static async Task AllowAsync(int process, int descriptors) =>
        (await Command.RunAsync("prlimit", "--pid", $"{process}", $"--nofile={descriptors}:")).OutputOrThrow();
}
