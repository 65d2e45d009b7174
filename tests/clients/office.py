# SPDX-License-Identifier: BSD-2-Clause
"""Signs documents in a running LibreOffice, through UNO.

office.py PIPE odt FOLDER DOCUMENTS        writes FOLDER/1.odt and so on
office.py PIPE pdf FOLDER DOCUMENTS PIN    the same; PIN is what a person types
                                           into the field of the export dialog
office.py PIPE quit

For all else LibreOffice asks in a window of its own.
"""

import os
import sys
import time

import uno
from com.sun.star.beans import PropertyValue

ODF_VERSION = "1.3"
READ_WRITE = 7  # com.sun.star.embed.ElementModes


def options(**values):
    return tuple(PropertyValue(Name=name, Value=value) for name, value in values.items())


def sequence(values):
    return uno.Any("[]com.sun.star.beans.PropertyValue", values)


def connect(pipe):
    local = uno.getComponentContext()
    resolver = local.ServiceManager.createInstanceWithContext("com.sun.star.bridge.UnoUrlResolver", local)
    for _ in range(300):
        try:
            return resolver.resolve(f"uno:pipe,name={pipe};urp;StarOffice.ComponentContext")
        except Exception:  # not up yet
            time.sleep(0.1)
    sys.exit("LibreOffice does not answer")


class Office:
    def __init__(self, pipe):
        self.context = connect(pipe)
        self.desktop = self.service("com.sun.star.frame.Desktop")
        self.signatures = self.service("com.sun.star.security.DocumentDigitalSignatures", ODF_VERSION, True)

    def service(self, name, *arguments):
        manager = self.context.ServiceManager
        if arguments:
            return manager.createInstanceWithArgumentsAndContext(name, arguments, self.context)
        return manager.createInstanceWithContext(name, self.context)

    def certificate(self):
        security = self.service("com.sun.star.xml.crypto.SEInitializer").createSecurityContext("")
        found = security.getSecurityEnvironment().getPersonalCertificates()
        return found[0] if found else None

    def write(self, number):
        document = self.desktop.loadComponentFromURL("private:factory/swriter", "_blank", 0, options(Hidden=True))
        document.Text.String = f"Referral letter {number}"
        return document

    def sign_odt(self, url, certificate):
        factory = self.service("com.sun.star.embed.StorageFactory")
        arguments = (url, READ_WRITE, sequence(options(StorageFormat="ZipFormat")))
        storage = uno.invoke(factory, "createInstanceWithArguments", (arguments,))
        if self.signatures.signDocumentWithCertificate(certificate, storage, None):
            storage.commit()
            print(url, "signed", flush=True)
        storage.dispose()


    def export_pdf(self, document, url, certificate, pin):
        data = options(SignPDF=True, SignatureCertificate=certificate, SignaturePassword=pin)
        document.storeToURL(url, options(FilterName="writer_pdf_Export", FilterData=sequence(data)))
        print(url, "signed", flush=True)

    def sign(self, kind, folder, documents, pin=""):
        certificate = self.certificate()
        for number in range(1, int(documents) + 1):
            url = f"file://{folder}/{number}.{kind}"
            document = self.write(number)
            if kind == "pdf":
                self.export_pdf(document, url, certificate, pin)
                document.close(True)
            else:
                document.storeToURL(url, ())
                document.close(True)
                self.sign_odt(url, certificate)


def main(pipe, kind, *arguments):
    office = Office(pipe)
    if kind == "quit":
        office.desktop.terminate()
    else:
        office.sign(kind, *arguments)


main(*sys.argv[1:])
sys.stdout.flush()
os._exit(0)  # taking the bridge down crashes now and then (binaryurpWriter in libuno_cppu)
