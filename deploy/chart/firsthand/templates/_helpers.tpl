{{- define "firsthand.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" }}
{{- end }}

{{- define "firsthand.fullname" -}}
{{- if .Values.fullnameOverride }}
{{- .Values.fullnameOverride | trunc 52 | trimSuffix "-" }}
{{- else if contains (include "firsthand.name" .) .Release.Name }}
{{- .Release.Name | trunc 52 | trimSuffix "-" }}
{{- else }}
{{- printf "%s-%s" .Release.Name (include "firsthand.name" .) | trunc 52 | trimSuffix "-" }}
{{- end }}
{{- end }}

{{- define "firsthand.selector" -}}
app.kubernetes.io/name: {{ include "firsthand.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "firsthand.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{ include "firsthand.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- with .Values.labels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- /* Name, namespace, labels and annotations: (list $ name namespace labels annotations); an empty namespace is the cluster. */}}
{{- define "firsthand.meta" -}}
{{- $ := index . 0 -}}
name: {{ index . 1 }}
{{- with index . 2 }}
namespace: {{ . }}
{{- end }}
labels:
  {{- include "firsthand.labels" $ | nindent 2 }}
  {{- with index . 3 }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- with merge (dict) (index . 4) $.Values.annotations }}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{- define "firsthand.account" -}}
{{- if .Values.serviceAccount.create }}
{{- default (include "firsthand.fullname" .) .Values.serviceAccount.name }}
{{- else }}
{{- required "serviceAccount.name: say which one, or let serviceAccount.create be true" .Values.serviceAccount.name }}
{{- end }}
{{- end }}

{{- define "firsthand.image" -}}
{{- $tag := default .Chart.AppVersion .Values.image.tag -}}
{{- if .Values.image.digest -}}
{{ printf "%s:%s@%s" .Values.image.repository $tag .Values.image.digest }}
{{- else -}}
{{ printf "%s:%s" .Values.image.repository $tag }}
{{- end }}
{{- end }}

{{- /* The settings file: the values' config, where to listen and where to keep, and without the rights for
       more only the namespaces that may be read. */}}
{{- define "firsthand.config" -}}
{{- $config := deepCopy .Values.config -}}
{{- if hasKey $config "listen" }}{{ fail "config.listen: it is the chart's; the port is 9095" }}{{ end }}
{{- if hasKey (default dict $config.store) "path" }}{{ fail "config.store.path: it is the chart's; see persistence" }}{{ end }}
{{- $prometheus := default dict $config.prometheus -}}
{{- if and (not .Values.clusterWide) (not $prometheus.matchers) }}
{{- $only := printf "namespace=~\"%s\"" (join "|" .Values.namespaces) }}
{{- $_ := set $config "prometheus" (merge (dict "matchers" (list $only)) $prometheus) }}
{{- end }}
{{- $_ := set $config "listen" "0.0.0.0:9095" -}}
{{- $_ := set $config "store" (merge (dict "path" "/var/lib/firsthand/firsthand.db") (default dict $config.store)) -}}
{{ toYaml $config }}
{{- end }}
