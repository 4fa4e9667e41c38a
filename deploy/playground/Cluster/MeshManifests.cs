using Ambient.Playground.Kubelet;

namespace Ambient.Playground.Cluster;

/// <summary>
/// What is applied to a cluster of the playground to make it a mesh: the DaemonSets of ztunnel and of the node agent. Nodes share
/// one file system here, so their files are named by where each node has them.
/// </summary>
public static class MeshManifests
{
    public const string SystemNamespace = "istio-system", Ztunnel = "ztunnel", Agent = "istio-cni-node", AgentAccount = "istio-cni", RootsName = "istio-ca-root-cert";

    /// <summary>What the chart gives them, and no more.</summary>
    public static readonly IReadOnlyList<string> ZtunnelCapabilities = ["NET_ADMIN", "SYS_ADMIN"], AgentCapabilities = ["NET_ADMIN", "SYS_ADMIN", "SYS_PTRACE"];

    /// <param name="nodes">The directory in which each node has its tree, by its name.</param>
    /// <param name="controlPlane">Address at which the control plane is reached.</param>
    /// <param name="settings">Further environment of ztunnel.</param>
    public static string ZtunnelDaemonSet(string nodes, string controlPlane, IEnumerable<KeyValuePair<string, string>> settings, IEnumerable<string> capabilities) => $$$"""
        apiVersion: apps/v1
        kind: DaemonSet
        metadata: {name: {{{Ztunnel}}}, namespace: {{{SystemNamespace}}}, labels: {app: ztunnel} }
        spec:
          selector: {matchLabels: {app: ztunnel}}
          template:
            metadata: {labels: {app: ztunnel, istio.io/dataplane-mode: none}}
            spec:
              serviceAccountName: ztunnel
              terminationGracePeriodSeconds: 5
              hostAliases: [{ip: "{{{controlPlane}}}", hostnames: [{{{ControlPlaneProcess.Host}}}]}]
              containers:
              - name: istio-proxy
                image: ambient/ztunnel
                args: [proxy]
                securityContext: {capabilities: {drop: [ALL], add: [{{{string.Join(", ", capabilities)}}}]} }
                readinessProbe: {httpGet: {path: /healthz/ready, port: 15021}, periodSeconds: 1, timeoutSeconds: 5}
                env:
                - {name: NODE_NAME, valueFrom: {fieldRef: {fieldPath: spec.nodeName} } }
                - {name: POD_NAME, valueFrom: {fieldRef: {fieldPath: metadata.name} } }
                - {name: POD_UID, valueFrom: {fieldRef: {fieldPath: metadata.uid} } }
                - {name: POD_NAMESPACE, valueFrom: {fieldRef: {fieldPath: metadata.namespace} } }
                - {name: SERVICE_ACCOUNT, valueFrom: {fieldRef: {fieldPath: spec.serviceAccountName} } }
                - {name: INSTANCE_IP, valueFrom: {fieldRef: {fieldPath: status.podIP} } }
                - {name: VOLUMES, value: "{{{nodes}}}/$(NODE_NAME)/{{{NodeFiles.PodsPath}}}/$(POD_UID)/volumes"}
                - {name: INPOD_UDS, value: "{{{nodes}}}/$(NODE_NAME)/run/ztunnel/ztunnel.sock"}
                - {name: XDS_ADDRESS, value: "https://{{{ControlPlaneProcess.Host}}}:15012"}
                - {name: CA_ADDRESS, value: "https://{{{ControlPlaneProcess.Host}}}:15012"}
                - {name: XDS_ROOT_CA, value: "$(VOLUMES)/istiod-ca-cert/root-cert.pem"}
                - {name: CA_ROOT_CA, value: "$(VOLUMES)/istiod-ca-cert/root-cert.pem"}
                - {name: AUTH_TOKEN, value: "$(VOLUMES)/istio-token/istio-token"}
                - {name: RUST_LOG, value: info}
        {{{string.Concat(settings.Select(one => $"        - {{name: {one.Key}, value: \"{one.Value}\"}}\n"))}}}
              volumes:
              - {name: istiod-ca-cert, configMap: {name: "{{{RootsName}}}" } }
              - {name: istio-token, projected: {sources: [{serviceAccountToken: {audience: istio-ca, expirationSeconds: 43200, path: istio-token} }]} }
        """;

    /// <summary>What waypoints need here: there is no name service of the cluster.</summary>
    public static string WaypointDefaults(string controlPlane) => $$$"""
        apiVersion: v1
        kind: ConfigMap
        metadata: {name: waypoints, namespace: {{{SystemNamespace}}}, labels: {gateway.istio.io/defaults-for-class: ambient-waypoint} }
        data:
          deployment: |
            spec: {template: {spec: {hostAliases: [{ip: "{{{controlPlane}}}", hostnames: [{{{ControlPlaneProcess.Host}}}]}]} } }
        """;

    /// <param name="kubeconfig">Of the agents' account.</param>
    /// <param name="auditInterval">How often it looks at each pod.</param>
    public static string AgentDaemonSet(string nodes, string kubeconfig, string auditInterval, IEnumerable<string> capabilities) => $$$"""
        apiVersion: apps/v1
        kind: DaemonSet
        metadata: {name: {{{Agent}}}, namespace: {{{SystemNamespace}}}, labels: {k8s-app: istio-cni-node} }
        spec:
          selector: {matchLabels: {k8s-app: istio-cni-node}}
          template:
            metadata: {labels: {k8s-app: istio-cni-node, istio.io/dataplane-mode: none}}
            spec:
              serviceAccountName: {{{AgentAccount}}}
              hostNetwork: true
              terminationGracePeriodSeconds: 10
              containers:
              - name: install-cni
                image: ambient/cni-agent
                securityContext: {capabilities: {drop: [ALL], add: [{{{string.Join(", ", capabilities)}}}]} }
                readinessProbe: {httpGet: {path: /healthz/ready, port: 15014}, periodSeconds: 1, timeoutSeconds: 5}
                livenessProbe: {httpGet: {path: /healthz/live, port: 15014}, periodSeconds: 10, timeoutSeconds: 10}
                env:
                - {name: NODE_NAME, valueFrom: {fieldRef: {fieldPath: spec.nodeName} } }
                - {name: POD_NAME, valueFrom: {fieldRef: {fieldPath: metadata.name} } }
                - {name: POD_NAMESPACE, valueFrom: {fieldRef: {fieldPath: metadata.namespace} } }
                - {name: NODE, value: "{{{nodes}}}/$(NODE_NAME)"}
                - {name: KUBECONFIG, value: "{{{kubeconfig}}}"}
                - {name: HOST_ROOT, value: /}
                - {name: HOST_NETNS, value: /proc/self/ns/net}
                - {name: ZTUNNEL_UDS_ADDRESS, value: $(NODE)/run/ztunnel/ztunnel.sock}
                - {name: CNI_AGENT_RUN_DIR, value: $(NODE)/run/istio-cni}
                - {name: AGENT_STATE_DIR, value: $(NODE)/var/lib/ambient}
                - {name: MOUNTED_CNI_NET_DIR, value: $(NODE)/etc/cni/net.d}
                - {name: MOUNTED_CNI_BIN_DIR, value: $(NODE)/opt/cni/bin}
                - {name: MONITORING_ADDRESS, value: "[::]:15014"}
                - {name: AUDIT_INTERVAL, value: {{{auditInterval}}}}
                # As in its image: there are no certificates of the world's authorities.
                - {name: SSL_CERT_FILE, value: /dev/null}
                - {name: SSL_CERT_DIR, value: /var/empty}
              volumes:
              - {name: ztunnel, hostPath: {path: /run/ztunnel, type: DirectoryOrCreate} }
              - {name: cni-run, hostPath: {path: /run/istio-cni, type: DirectoryOrCreate} }
              - {name: state, hostPath: {path: /var/lib/ambient, type: DirectoryOrCreate} }
        """;
}
