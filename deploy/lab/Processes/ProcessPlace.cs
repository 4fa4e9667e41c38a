namespace Ambient.Lab.Processes;

/// <summary>Where a process runs; what is null is as for the caller.</summary>
/// <param name="Namespace">Name of a network namespace under /run/netns.</param>
/// <param name="ControlGroup">Directory of a control group (version 2).</param>
/// <param name="Directory">Working directory.</param>
public readonly record struct ProcessPlace(string? Namespace, string? ControlGroup = null, string? Directory = null);
