using Ambient.Model;
using Ambient.Model.Telemetry;

namespace Ambient.Waypoint.Telemetry;

/// <summary>What users change of the metrics of a service: which are not counted, and labels that read otherwise. Later ones go before.</summary>
internal readonly struct MetricChanges(EquatableArray<MetricOverride> overrides)
{
    public bool IsOff(Metrics metric)
    {
        var isOff = false;
        foreach (var change in overrides)
            if ((change.Metrics & metric) != 0) isOff = change.IsOff ?? isOff;
        return isOff;
    }

    /// <returns><paramref name="values"/> itself if nothing changes.</returns>
    public string[] Apply(Metrics metric, string[] labels, string[] values)
    {
        var changed = values;
        foreach (var change in overrides)
        {
            if ((change.Metrics & metric) == 0) continue;
            foreach (var tag in change.Tags)
            {
                if (Array.IndexOf(labels, tag.Label) is not (>= 0 and var at)) continue;
                if (ReferenceEquals(changed, values)) changed = [.. values];
                changed[at] = tag.Value ?? "";
            }
        }

        return changed;
    }
}
