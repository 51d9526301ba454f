//! Kinds of errors, each declared in one place with everything it has.

/// Declares an enumeration of kinds: variant, stable code, Japanese, English.
macro_rules! error_kinds {
    (
        $(#[doc = $about:literal])+ $kinds:ident;
        $($(#[doc = $doc:literal])+ $name:ident, $code:literal, $ja:literal, $en:literal;)+
    ) => {
        $(#[doc = $about])+
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum $kinds {
            $($(#[doc = $doc])+ $name,)+
        }

        impl $kinds {
            /// All kinds.
            pub const ALL: &'static [Self] = &[$(Self::$name,)+];

            /// A short name that stays the same from release to release.
            #[must_use]
            pub const fn code(self) -> &'static str {
                match self { $(Self::$name => $code,)+ }
            }

            /// Japanese, English.
            const fn text(self) -> (&'static str, &'static str) {
                match self { $(Self::$name => ($ja, $en),)+ }
            }
        }
    };
}
pub(crate) use error_kinds;
