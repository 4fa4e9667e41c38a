namespace Ambient.Lab.Processes;

/// <summary>How a command ended and what it printed.</summary>
public sealed record CommandResult(string Command, int ExitCode, string Output, string Errors)
{
    public bool Succeeded => ExitCode == 0;

    /// <summary>Standard output, if the command succeeded.</summary>
    /// <exception cref="LabException">It did not.</exception>
    public string OutputOrThrow() => Succeeded
        ? Output
        : throw new LabException($"'{Command}' ended with {ExitCode}: {Errors.Trim()} {Output.Trim()}");
}
