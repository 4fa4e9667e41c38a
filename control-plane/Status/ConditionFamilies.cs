using Ambient.ControlPlane.Indexing;
using Ambient.ControlPlane.Indexing.Policies;
using Ambient.ControlPlane.Indexing.Services;

namespace Ambient.ControlPlane.Status;

/// <summary>Which types of conditions each field manager answers for.</summary>
internal static class ConditionFamilies
{
    public static IReadOnlyList<string> TypesOf(string fieldManager) => fieldManager switch
    {
        FieldManagers.ZtunnelPolicy => PolicyConditions.ZtunnelTypes,
        FieldManagers.WaypointPolicy or FieldManagers.WaypointTraffic or FieldManagers.Unhonoured => PolicyConditions.WaypointTypes,
        FieldManagers.ZtunnelRejection => Rejections.ZtunnelTypes,
        FieldManagers.WaypointRejection => Rejections.WaypointTypes,
        FieldManagers.Service or FieldManagers.WorkloadEntry => ServiceConditions.Types,
        _ => [],
    };
}
