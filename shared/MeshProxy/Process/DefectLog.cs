using Microsoft.Extensions.Logging;

namespace Ambient.MeshProxy.Process;

/// <summary>Defects of our own that were caught before they did harm.</summary>
public static partial class DefectLog
{
    public static void Report(ILogger logger, Exception error) => Defect(logger, error);

    [LoggerMessage(681, LogLevel.Error, "A defect was caught and ended what it concerned; please report this")]
    private static partial void Defect(ILogger logger, Exception error);
}
