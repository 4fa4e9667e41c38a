namespace Ambient.Lab.Processes;

/// <summary>Where a process runs; what is null is as for the caller.</summary>
/// <param name="Namespace">Name of a network namespace under /run/netns.</param>
/// <param name="ControlGroup">Directory of a control group (version 2).</param>
/// <param name="Directory">Working directory.</param>
/// <param name="Mounts">Made in order for the process alone, which then needs a namespace.</param>
public readonly record struct ProcessPlace(string? Namespace, string? ControlGroup = null, string? Directory = null, IReadOnlyList<BindMount>? Mounts = null);

/// <summary>A directory that a process also sees at another place, which exists.</summary>
public sealed record BindMount(string Source, string Target, bool IsReadOnly = false);
