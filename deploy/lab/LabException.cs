namespace Ambient.Lab;

/// <summary>The lab could not be made or did not get where it should within its time limit.</summary>
public sealed class LabException(string message, Exception? cause = null) : Exception(message, cause);
