// Renders a chart with the template engine and function library that Helm is made of: what our renderer is compared with.
//
//	oracle CHART [PATH=VALUE]...
package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"text/template"

	"github.com/Masterminds/sprig"
	"github.com/ghodss/yaml"
)

type values = map[string]interface{}

func must[T any](value T, err error) T {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	return value
}

func read(path string) values {
	read := values{}
	must(0, yaml.Unmarshal(must(os.ReadFile(path)), &read))
	return read
}

func set(into values, path string, text string) {
	keys := strings.Split(path, ".")
	for _, key := range keys[:len(keys)-1] {
		if _, exists := into[key]; !exists {
			into[key] = values{}
		}
		into = into[key].(values)
	}
	var value interface{}
	must(0, yaml.Unmarshal([]byte(text), &value))
	into[keys[len(keys)-1]] = value
}

func main() {
	directory := os.Args[1]
	chart, given := read(directory+"/Chart.yaml"), read(directory+"/values.yaml")
	for _, setting := range os.Args[2:] {
		path, value, _ := strings.Cut(setting, "=")
		set(given, path, value)
	}

	templates := template.New("chart")
	functions := sprig.TxtFuncMap()
	functions["toYaml"] = func(value interface{}) string {
		return strings.TrimSuffix(string(must(yaml.Marshal(value))), "\n")
	}
	functions["include"] = func(name string, dot interface{}) (string, error) {
		var text bytes.Buffer
		err := templates.ExecuteTemplate(&text, name, dot)
		return text.String(), err
	}
	templates.Funcs(functions)

	var names []string // in lexical order
	must(0, filepath.Walk(directory+"/templates", func(path string, file os.FileInfo, err error) error {
		if err == nil && !file.IsDir() {
			name := must(filepath.Rel(directory, path))
			must(templates.New(name).Parse(string(must(os.ReadFile(path)))))
			names = append(names, name)
		}
		return err
	}))

	root := values{
		"Values":  given,
		"Release": values{"Name": "release", "Namespace": "there", "Service": "Helm"},
		"Chart":   values{"Name": chart["name"], "Version": chart["version"], "AppVersion": chart["appVersion"]},
	}
	for _, name := range names {
		var text bytes.Buffer
		must(0, templates.ExecuteTemplate(&text, name, root))
		fmt.Printf("---\n# Source: %s/%s\n%s\n", chart["name"], name, strings.Trim(text.String(), "\n"))
	}
}
