using System.Text;

namespace Ambient.Hosting.Logging;

/// <summary>Scopes name parts of the program in log lines and filters: <c>ztunnel::pods::zds_client</c>, <c>access</c>.</summary>
public static class LogScope
{
    /// <summary>The scope of a type's full name: without <c>Ambient.</c>, namespaces parted by <c>::</c>, words by <c>_</c>.</summary>
    /// <remarks>A category without a dot is a scope already.</remarks>
    public static string Of(string category)
    {
        if (!category.Contains('.')) return category;
        var name = category.StartsWith("Ambient.", StringComparison.Ordinal) ? category["Ambient.".Length..] : category;

        var scope = new StringBuilder(name.Length + 8);
        for (var i = 0; i < name.Length; i++)
        {
            if (name[i] == '.') scope.Append("::");
            else if (char.IsAsciiLetterUpper(name[i])) scope.Append(StartsWord(name, i) ? "_" : "").Append(char.ToLowerInvariant(name[i]));
            else scope.Append(name[i]);
        }

        return scope.ToString();
    }

    private static bool StartsWord(string name, int at) => at > 0 && name[at - 1] != '.' && !char.IsAsciiLetterUpper(name[at - 1]);
}
