namespace Ambient.Lab.Network;

/// <summary>"id starttime" of a process. The start time tells it from a later process with the same id.</summary>
internal static class ProcessMark
{
    private const int StartTimeField = 19; // field 22 of proc(5) stat, counted from behind the command's closing parenthesis

    public static string? Of(int id)
    {
        try
        {
            var stat = File.ReadAllText($"/proc/{id}/stat");
            return $"{id} {stat[(stat.LastIndexOf(')') + 2)..].Split(' ')[StartTimeField]}";
        }
        catch (IOException)
        {
            return null;
        }
    }

    public static bool IsAlive(string mark) => int.TryParse(mark.Split(' ')[0], out var id) && Of(id) == mark;
}
