{{/* What several objects have in common. Each takes the root. */}}

{{- define "ambient.labels" -}}
app.kubernetes.io/part-of: ambient
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
{{- end }}

{{/* The mesh never captures itself, and nobody injects a sidecar here. */}}
{{- define "ambient.podLabels" -}}
istio.io/dataplane-mode: none
sidecar.istio.io/inject: "false"
{{- end }}

{{- define "ambient.tag" -}}
{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end }}

{{- define "ambient.pullSecrets" -}}
{{- with .Values.image.pullSecrets }}
imagePullSecrets:
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "ambient.log" -}}
- name: LOG_FORMAT
  value: {{ .Values.log.format | quote }}
{{- end }}

{{- define "ambient.podName" -}}
- name: POD_NAME
  valueFrom: {fieldRef: {fieldPath: metadata.name}}
{{- end }}

{{- define "ambient.podNamespace" -}}
- name: POD_NAMESPACE
  valueFrom: {fieldRef: {fieldPath: metadata.namespace}}
{{- end }}
