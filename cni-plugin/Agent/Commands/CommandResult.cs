namespace Ambient.CniAgent.Commands;

/// <summary>How a command ended and what it printed.</summary>
internal sealed record CommandResult(string Command, int ExitCode, string Output, string Error)
{
    public bool Succeeded => ExitCode == 0;

    /// <exception cref="CommandException">It failed; the message has what it printed.</exception>
    public CommandResult OrThrow() => Succeeded
        ? this
        : throw new CommandException($"'{Command}' failed with exit code {ExitCode}: {Error.Trim()}");
}

/// <summary>A command could not be started, failed, or did not end in time.</summary>
internal sealed class CommandException(string message, Exception? cause = null) : IOException(message, cause);
