# SPDX-License-Identifier: BSD-2-Clause
# Words for inkan in bash: what inkan --help and inkan COMMAND --help say, so that there is one list alone.
_inkan()
{
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} words help

	if ((COMP_CWORD == 1)); then
		words="--help --version $(LC_ALL=C "$1" --help 2>/dev/null | awk '$1 == "inkan" && $2 != "COMMAND" { print $2 }')"
	else
		help=$(LC_ALL=C "$1" "${COMP_WORDS[1]}" --help 2>/dev/null </dev/null)
		if [[ $cur == -* ]]; then
			words=$(grep -oE -e '--[a-z][a-z-]*' <<<"$help")
		elif [[ $prev == --* ]]; then # --bundle nginx|apache
			words=$(grep -oE -e "$prev [a-z]+(\|[a-z]+)+" <<<"$help" | sed 's/.* //' | tr '|' '\n')
		elif ((COMP_CWORD == 2)); then # inkan pin verify|change; the programs of inkan setup stand in a list
			words=$(awk '{ sub(/^Usage:/, "      ") }
				/^       inkan / { n = split($3, w, "|"); for (i = 1; i <= n; i++) if (w[i] ~ /^[a-z]+$/) print w[i] }
				/^  [a-z][a-z0-9-]*  / { print $1 }' <<<"$help")
		fi
	fi
	mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")
}
complete -o default -F _inkan inkan
