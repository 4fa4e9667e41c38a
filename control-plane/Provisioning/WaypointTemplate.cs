using System.Text.Json;
using System.Text.Json.Nodes;

namespace Ambient.ControlPlane.Provisioning;

/// <summary>The objects of which a waypoint consists, before labels, owners and overlays. Equal input gives equal text: a new control plane rolls out nothing.</summary>
/// <param name="Name">Of the Deployment and the Service.</param>
/// <param name="Gateway">Name of the Gateway.</param>
/// <param name="Listener">Name of its listener.</param>
/// <param name="Network">That the cluster is in; empty for the default.</param>
internal sealed record WaypointTemplate(string Name, string Gateway, string Listener, string ServiceAccount, string Network, string TrustDomain, ProvisioningOptions Options)
{
    /// <summary>Servers are told who asks.</summary>
    public bool TellsClientIdentity { get; init; }

    public string ServiceType { get; init; } = "ClusterIP";

    public JsonObject Deployment()
    {
        var deployment = Template();
        if (Options.ChecksRevocations) CheckRevocations(deployment["spec"]!["template"]!["spec"]!);
        return deployment;
    }

    private JsonObject Template() => YamlDocument.Parse($$$$"""
        spec:
          selector: {matchLabels: {gateway.networking.k8s.io/gateway-name: {{{{Quoted(Gateway)}}}}}}
          # The next one serves before the leaving one stops taking connections.
          strategy: {type: RollingUpdate, rollingUpdate: {maxSurge: 1, maxUnavailable: 0}}
          template:
            metadata:
              labels:
                istio.io/dataplane-mode: none
                sidecar.istio.io/inject: "false"
                service.istio.io/canonical-name: {{{{Quoted(Name)}}}}
                service.istio.io/canonical-revision: latest
              annotations: {prometheus.io/scrape: "true", prometheus.io/port: "15020"}
            spec:
              serviceAccountName: {{{{Quoted(ServiceAccount)}}}}
              automountServiceAccountToken: false
              nodeSelector: {kubernetes.io/os: linux}
              terminationGracePeriodSeconds: 30
              imagePullSecrets: [{{{{string.Join(", ", Options.PullSecrets.Select(static secret => $"{{name: {Quoted(secret)}}}"))}}}}]
              securityContext: {runAsNonRoot: true, runAsUser: 65532, runAsGroup: 65532, fsGroup: 65532, seccompProfile: {type: RuntimeDefault}}
              containers:
              - name: waypoint
                image: {{{{Quoted(Options.Image)}}}}
                imagePullPolicy: {{{{Options.PullPolicy}}}}
                securityContext: {allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: {drop: [ALL]}}
                ports:
                - {name: hbone, containerPort: 15008, protocol: TCP}
                - {name: metrics, containerPort: 15020, protocol: TCP}
                - {name: health, containerPort: 15021, protocol: TCP}
                # The pages come first. Serving begins when the control plane has told of the mesh, however long that takes.
                startupProbe: {httpGet: {path: /healthz/live, port: health}, periodSeconds: 1, failureThreshold: 60}
                readinessProbe: {httpGet: {path: /healthz/ready, port: health}, periodSeconds: 5, timeoutSeconds: 5}
                # To end it cuts every connection: only when it has not answered at all for two minutes.
                livenessProbe: {httpGet: {path: /healthz/live, port: health}, periodSeconds: 10, timeoutSeconds: 5, failureThreshold: 12}
                env:
                - {name: POD_NAME, valueFrom: {fieldRef: {fieldPath: metadata.name}}}
                - {name: POD_NAMESPACE, valueFrom: {fieldRef: {fieldPath: metadata.namespace}}}
                - {name: NODE_NAME, valueFrom: {fieldRef: {fieldPath: spec.nodeName}}}
                - {name: INSTANCE_IP, valueFrom: {fieldRef: {fieldPath: status.podIP}}}
                - {name: SERVICE_ACCOUNT, valueFrom: {fieldRef: {fieldPath: spec.serviceAccountName}}}
                - {name: GATEWAY_NAME, value: {{{{Quoted(Gateway)}}}}}
                - {name: WAYPOINT_SERVICE, value: {{{{Quoted(Name)}}}}}
                - {name: XDS_ADDRESS, value: {{{{Quoted(Options.DiscoveryAddress)}}}}}
                - {name: CA_ADDRESS, value: {{{{Quoted(Options.DiscoveryAddress)}}}}}
                - {name: XDS_ROOT_CA, value: /var/run/secrets/istio/root-cert.pem}
                - {name: CA_ROOT_CA, value: /var/run/secrets/istio/root-cert.pem}
                - {name: AUTH_TOKEN, value: /var/run/secrets/tokens/istio-token}
                - {name: CLUSTER_ID, value: {{{{Quoted(Options.Index.ClusterId)}}}}}
                - {name: NETWORK, value: {{{{Quoted(Network)}}}}}
                - {name: TRUST_DOMAIN, value: {{{{Quoted(TrustDomain)}}}}}
                - {name: CLUSTER_DOMAIN, value: {{{{Quoted(Options.Index.DomainSuffix)}}}}}
                - {name: TERMINATION_GRACE_PERIOD_SECONDS, value: "30"}
                - {name: RUST_LOG, value: {{{{Quoted(Options.Log)}}}}}
                - {name: LOG_FORMAT, value: {{{{Quoted(Options.LogFormat)}}}}}
                {{{{(TellsClientIdentity ? "- {name: XFCC_CLIENT_IDENTITY, value: \"true\"}" : "")}}}}
                resources: {requests: {cpu: 100m, memory: 32Mi}, limits: {memory: 512Mi}}
                volumeMounts:
                - {name: roots, mountPath: /var/run/secrets/istio, readOnly: true}
                - {name: token, mountPath: /var/run/secrets/tokens, readOnly: true}
              volumes:
              # Published by the control plane; until then the pod waits.
              - {name: roots, configMap: {name: istio-ca-root-cert}}
              - {name: token, projected: {sources: [{serviceAccountToken: {path: istio-token, audience: istio-ca, expirationSeconds: 43200}}]}}
        """, "the template");

    public JsonObject Service() => YamlDocument.Parse($$$$"""
        metadata: {annotations: {networking.istio.io/traffic-distribution: PreferClose}}
        spec:
          type: {{{{Quoted(ServiceType)}}}}
          ipFamilyPolicy: PreferDualStack
          selector: {gateway.networking.k8s.io/gateway-name: {{{{Quoted(Gateway)}}}}}
          ports:
          - {name: status-port, port: 15021, protocol: TCP, appProtocol: tcp}
          - {name: {{{{Quoted(Listener)}}}}, port: 15008, protocol: TCP, appProtocol: hbone}
        """, "the template");

    public JsonObject Autoscaler() => YamlDocument.Parse($$$$"""
        spec: {scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: {{{{Quoted(Name)}}}}}, maxReplicas: 1}
        """, "the template");

    public JsonObject DisruptionBudget() => YamlDocument.Parse($$$$"""
        spec: {selector: {matchLabels: {gateway.networking.k8s.io/gateway-name: {{{{Quoted(Gateway)}}}}}}}
        """, "the template");

    // As with the roots, the pod waits until they are published.
    private static void CheckRevocations(JsonNode pod)
    {
        const string directory = "/var/run/secrets/istio-crl", volume = "revocations";
        var container = pod["containers"]![0]!;
        Add(container, "env", new() { ["name"] = "CRL_PATH", ["value"] = $"{directory}/ca-crl.pem" });
        Add(container, "volumeMounts", new() { ["name"] = volume, ["mountPath"] = directory, ["readOnly"] = true });
        Add(pod, "volumes", new() { ["name"] = volume, ["configMap"] = new JsonObject { ["name"] = "istio-ca-crl" } });

        static void Add(JsonNode owner, string list, JsonObject item) => owner[list]!.AsArray().Add((JsonNode)item);
    }

    // A string of JSON is one of YAML, and nothing in it can end it.
    private static string Quoted(string text) => $"\"{JsonEncodedText.Encode(text)}\"";
}
