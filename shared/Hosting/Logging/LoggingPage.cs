using Ambient.Hosting.Pages;

namespace Ambient.Hosting.Logging;

/// <summary><c>POST /logging</c> shows and changes which levels are logged, until the process ends.</summary>
public sealed class LoggingPage(LogLevels levels)
{
    private const string Usage = """
        usage: POST /logging                                  (the levels now)
        usage: POST /logging?level=<level>                    (for everything)
        usage: POST /logging?level=<scope>=<level>,<scope>=<level>   (for these scopes)
        usage: POST /logging?reset                            (as the process was started; may be followed by &level=…)
        levels are error, warn, info, debug, trace, off

        """;

    public PageResponse Respond(PageRequest request)
    {
        if (request.Method != "POST") return PageResponse.MethodNotAllowed("POST", $"Invalid HTTP method\n{Usage}");

        var (reset, directives) = (false, new List<string>());
        foreach (var (name, value) in request.Parameters)
        {
            if (name == "reset") reset = true;
            else if (name == "level") directives.Add(value);
            else return Refuse($"There is no parameter '{name}'.");
        }

        return Change(reset, string.Join(',', directives)) is { } problem ? Refuse(problem) : Show();
    }

    private string? Change(bool reset, string directives)
    {
        try
        {
            if (reset) levels.Reset(directives);
            else if (directives.Length > 0) levels.Append(directives);
            return null;
        }
        catch (FormatException e) { return e.Message; }
    }

    private PageResponse Show() => PageResponse.Text(200, $"current log level is {levels.Current}\n");

    private static PageResponse Refuse(string problem) => PageResponse.Text(400, $"{problem}\n{Usage}");
}
