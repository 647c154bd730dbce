//! Enumerations that keep the values this version does not know.

/// Declares an open enumeration of texts: known values are variants, any other is `Unknown`.
///
/// Matching ignores case, as the services do; an unknown value keeps its own spelling.
macro_rules! text_enum {
    ($(#[doc = $doc:literal])+ $name:ident { $($(#[doc = $member_doc:literal])+ $variant:ident = $text:literal,)+ }) => {
        $(#[doc = $doc])+
        #[derive(Debug, Clone, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum $name {
            $($(#[doc = $member_doc])+ $variant,)+
            /// A value that this version does not know.
            Unknown(String),
        }

        impl $name {
            /// Every value that this version knows.
            pub const KNOWN: &[$name] = &[$($name::$variant,)+];

            /// The value as it stands on the wire.
            pub fn as_str(&self) -> &str {
                match self {
                    $($name::$variant => $text,)+
                    $name::Unknown(text) => text,
                }
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                $(if text.eq_ignore_ascii_case($text) { return $name::$variant; })+
                $name::Unknown(text.to_owned())
            }
        }

        impl<'a> From<&'a $name> for crate::dispatch::Cell<'a> {
            fn from(value: &'a $name) -> Self {
                value.as_str().into()
            }
        }

        impl From<$name> for crate::odata::Literal {
            fn from(member: $name) -> Self {
                crate::odata::enum_literal(member.as_str())
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                <std::borrow::Cow<'de, str>>::deserialize(deserializer).map(|text| Self::from(&*text))
            }
        }

        #[cfg(feature = "schema")]
        impl schemars::JsonSchema for $name {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!({
                    "description": concat!($($doc, "\n"),+).trim(),
                    "type": "string",
                    "x-m365-enum": [$({
                        "name": stringify!($variant),
                        "value": $text,
                        "doc": concat!($($member_doc, "\n"),+).trim(),
                    },)+],
                })
            }
        }
    };
}

/// Declares an open enumeration of numbers: a plain number with names for the values that are known.
macro_rules! number_enum {
    ($(#[doc = $doc:literal])+ $name:ident { $($variant:ident = $value:literal, $member_doc:literal;)+ }) => {
        $(#[doc = $doc])+
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub i64);

        #[allow(non_upper_case_globals)] // spelled as the service spells them, like the variants of an enum
        impl $name {
            $(#[doc = $member_doc] pub const $variant: $name = $name($value);)+
        }

        impl $name {
            /// Every value that this version knows.
            pub const KNOWN: &[$name] = &[$($name($value),)+];

            /// The name of the value, if this version knows it.
            pub fn name(self) -> Option<&'static str> {
                match self.0 {
                    $($value => Some(stringify!($variant)),)+
                    _ => None,
                }
            }

            /// What the value stands for, if this version knows it.
            pub fn description(self) -> Option<&'static str> {
                match self.0 {
                    $($value => Some($member_doc),)+
                    _ => None,
                }
            }
        }

        impl From<$name> for crate::dispatch::Cell<'_> {
            fn from(value: $name) -> Self {
                crate::dispatch::Cell::Int(value.0)
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                match self.name() {
                    Some(name) => f.write_str(name),
                    None => write!(f, "{}", self.0),
                }
            }
        }

        #[cfg(feature = "schema")]
        impl schemars::JsonSchema for $name {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                let members: Vec<serde_json::Value> = vec![$(
                    serde_json::json!({"name": stringify!($variant), "value": $value, "doc": $member_doc}),
                )+];
                schemars::json_schema!({
                    "description": concat!($($doc, "\n"),+).trim(),
                    "type": "integer",
                    "x-m365-enum": members,
                })
            }
        }
    };
}

pub(crate) use {number_enum, text_enum};
