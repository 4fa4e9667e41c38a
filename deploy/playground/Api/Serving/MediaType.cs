namespace Ambient.Playground.Api.Serving;

public enum Representation { Object, Table, Metadata }

/// <summary>What the client wants to read: of its Accept header the first that we can write.</summary>
internal static class MediaType
{
    /// <exception cref="StatusException">NotAcceptable.</exception>
    public static Representation Choose(string accept)
    {
        if (string.IsNullOrWhiteSpace(accept)) return Representation.Object;
        foreach (var part in accept.Split(','))
        {
            var words = part.Split(';', StringSplitOptions.TrimEntries);
            if (words[0] is not ("application/json" or "*/*" or "application/*" or "application/yaml")) continue;
            var parameters = words.Skip(1).Select(word => word.Split('=', 2)).Where(pair => pair.Length == 2).ToLookup(pair => pair[0], pair => pair[1]);
            if (parameters["stream"].Any(stream => stream != "watch")) continue;
            switch (parameters["as"].FirstOrDefault())
            {
                case null: return Representation.Object;
                case "Table" when parameters["v"].Contains("v1"): return Representation.Table;
                case "PartialObjectMetadata" or "PartialObjectMetadataList" when parameters["v"].Contains("v1"): return Representation.Metadata;
            }
        }
        throw StatusException.NotAcceptable(accept);
    }
}
